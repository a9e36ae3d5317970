package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverlog"
)

// behaviour is what a worker does with one attempt.
type behaviour struct {
	// Do is ok, fail, cancel, snooze, sleep, block, hold, panic, output, effect, log, complete_tx or steps.
	Do      string          `json:"do"`
	MS      int64           `json:"ms"`
	Message string          `json:"message"`
	Value   json.RawMessage `json:"value"`
	Steps   []step          `json:"steps"`
	// Then is what a held job does when its context ends: nothing for the context's error, or ok, fail, cancel.
	Then string `json:"then"`
	// After is what it does when it is released: nothing for success, or fail, snooze.
	After string `json:"after"`
}

// step is one of a resumable job's.
type step struct {
	Name   string          `json:"name"`
	Cursor bool            `json:"cursor"`
	Set    json.RawMessage `json:"set"`
	Fail   string          `json:"fail"`
	// SnoozeMS lets the step wish for a snooze.
	SnoozeMS int64 `json:"snooze_ms"`
	// Save stores the step, with Set as its cursor, by a transaction: commit or rollback.
	Save string `json:"save"`
	// Inner steps are begun within this one.
	Inner []step `json:"inner"`
}

// workerSpec says what a kind's worker does, by attempt or snooze: the last one goes for all that follow. A job's own args
// override it with a list under the key "attempts".
type workerSpec struct {
	Attempts  []behaviour `json:"attempts"`
	TimeoutMS int64       `json:"timeout_ms"`
	RetryMS   *int64      `json:"retry_ms"`
}

type worker struct {
	river.WorkerDefaults[rawArgs]

	peer   *peer
	client string
	spec   workerSpec
	quiet  bool
}

func (w *worker) Timeout(*river.Job[rawArgs]) time.Duration { return milliseconds(w.spec.TimeoutMS) }

func (w *worker) NextRetry(*river.Job[rawArgs]) time.Time {
	if w.spec.RetryMS == nil {
		return time.Time{}
	}
	return time.Now().Add(milliseconds(*w.spec.RetryMS))
}

func (w *worker) Work(ctx context.Context, job *river.Job[rawArgs]) error {
	var own struct {
		Attempts []behaviour `json:"attempts"`
	}
	attempts := w.spec.Attempts
	// Args that are no object have no list of their own.
	if err := json.Unmarshal(job.Args.raw, &own); err == nil && len(own.Attempts) > 0 {
		attempts = own.Attempts
	}
	does := behaviour{Do: "ok"}
	if len(attempts) > 0 {
		var counted struct {
			Snoozes int `json:"snoozes"`
		}
		_ = json.Unmarshal(job.Metadata, &counted) // a snooze gives its attempt back
		does = attempts[min(job.Attempt+counted.Snoozes, len(attempts))-1]
	}
	var held <-chan struct{}
	if does.Do == "hold" {
		held = w.peer.hold(job.ID) // before the event: who reads it may release at once
	}
	if w.quiet {
		return w.act(ctx, job, does, held)
	}
	w.peer.event("work_started", map[string]any{"client": w.client, "job": jobView(job.JobRow)})
	err := w.act(ctx, job, does, held)
	ended := map[string]any{"client": w.client, "job_id": job.ID, "attempt": job.Attempt}
	if err != nil {
		ended["error"] = err.Error()
	}
	if cause := context.Cause(ctx); cause != nil {
		ended["cause"] = cause.Error()
	}
	w.peer.event("work_ended", ended)
	return err
}

func (w *worker) act(ctx context.Context, job *river.Job[rawArgs], does behaviour, held <-chan struct{}) error {
	switch does.Do {
	case "ok":
		return nil
	case "fail":
		return errors.New(does.Message)
	case "cancel":
		return river.JobCancel(errors.New(does.Message))
	case "snooze":
		return river.JobSnooze(milliseconds(does.MS))
	case "sleep":
		select {
		case <-time.After(milliseconds(does.MS)):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	case "block": // as sleep, but deaf to cancellation
		time.Sleep(milliseconds(does.MS))
		return nil
	case "hold":
		select {
		case <-held:
			return does.whenReleased()
		case <-ctx.Done():
			return does.whenEnded(ctx)
		}
	case "panic":
		panic(does.Message)
	case "output":
		return river.RecordOutput(ctx, does.Value)
	case "effect": // leave a row that proves the attempt
		_, err := w.peer.pool.Exec(ctx, "INSERT INTO effects (job_id, attempted_at, node) VALUES ($1, $2, $3)",
			job.ID, job.AttemptedAt, w.client)
		return err
	case "log": // and fail, if there is a message
		riverlog.Logger(ctx).InfoContext(ctx, string(does.Value))
		if does.Message != "" {
			return errors.New(does.Message)
		}
		return nil
	case "complete_tx":
		return w.completeTx(ctx, job, does)
	case "steps":
		for _, each := range does.Steps {
			w.step(ctx, job, each)
		}
		if does.Message != "" {
			return errors.New(does.Message)
		}
		return nil
	}
	return fmt.Errorf("unknown behaviour %q", does.Do)
}

func (does behaviour) whenReleased() error {
	switch does.After {
	case "fail":
		return errors.New(does.Message)
	case "snooze":
		return river.JobSnooze(milliseconds(does.MS))
	}
	return nil
}

// whenEnded is how a held job answers the end of its context.
func (does behaviour) whenEnded(ctx context.Context) error {
	switch does.Then {
	case "ok":
		return nil
	case "fail":
		return errors.New(does.Message)
	case "cancel":
		return river.JobCancel(errors.New(does.Message))
	}
	return ctx.Err()
}

func (w *worker) completeTx(ctx context.Context, job *river.Job[rawArgs], does behaviour) error {
	tx, err := w.peer.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	if does.Message != "" {
		return errors.New(does.Message)
	}
	return nil
}

func (w *worker) step(ctx context.Context, job *river.Job[rawArgs], each step) {
	act := func(ctx context.Context, cursor json.RawMessage) error {
		w.peer.event("step", map[string]any{"client": w.client, "job_id": job.ID, "step": each.Name, "cursor": cursor})
		if each.Set != nil && each.Save == "" {
			if err := river.ResumableSetCursor(ctx, each.Set); err != nil {
				return err
			}
		}
		if each.Save != "" {
			if err := w.saveStep(ctx, job, each); err != nil {
				return err
			}
		}
		for _, inner := range each.Inner {
			w.step(ctx, job, inner)
		}
		if each.Fail != "" {
			return errors.New(each.Fail)
		}
		if each.SnoozeMS != 0 {
			return river.JobSnooze(milliseconds(each.SnoozeMS))
		}
		return nil
	}
	if each.Cursor {
		river.ResumableStepCursor(ctx, each.Name, nil, act)
		return
	}
	river.ResumableStep(ctx, each.Name, nil, func(ctx context.Context) error { return act(ctx, nil) })
}

func (w *worker) saveStep(ctx context.Context, job *river.Job[rawArgs], each step) error {
	tx, err := w.peer.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if each.Set != nil {
		_, err = river.ResumableSetStepCursorTx[*riverpgxv5.Driver](ctx, tx, job, each.Set)
	} else {
		_, err = river.ResumableSetStepTx[*riverpgxv5.Driver](ctx, tx, job)
	}
	if err != nil || each.Save == "rollback" {
		return err
	}
	return tx.Commit(ctx)
}

// hold returns a channel that the command release closes.
func (p *peer) hold(jobID int64) <-chan struct{} {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	held := make(chan struct{})
	p.held[jobID] = held
	return held
}
