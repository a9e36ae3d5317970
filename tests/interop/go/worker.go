package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// behaviour is what a worker does with one attempt.
type behaviour struct {
	// Do is ok, fail, cancel, snooze, sleep, block, hold, panic, output, complete_tx or steps.
	Do      string          `json:"do"`
	MS      int64           `json:"ms"`
	Message string          `json:"message"`
	Value   json.RawMessage `json:"value"`
	Steps   []step          `json:"steps"`
}

// step is one of a resumable job's.
type step struct {
	Name   string          `json:"name"`
	Cursor bool            `json:"cursor"`
	Set    json.RawMessage `json:"set"`
	Fail   string          `json:"fail"`
}

// workerSpec says what a kind's worker does, by attempt: the last one goes for all that follow. A job's own args
// override it with a list under the key "go".
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
		Go []behaviour `json:"go"`
	}
	attempts := w.spec.Attempts
	// Args that are no object have no list of their own.
	if err := json.Unmarshal(job.Args.raw, &own); err == nil && len(own.Go) > 0 {
		attempts = own.Go
	}
	does := behaviour{Do: "ok"}
	if len(attempts) > 0 {
		does = attempts[min(job.Attempt, len(attempts))-1]
	}
	var held <-chan struct{}
	if does.Do == "hold" {
		held = w.peer.hold(job.ID) // before the event: who reads it may release at once
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
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	case "panic":
		panic(does.Message)
	case "output":
		return river.RecordOutput(ctx, does.Value)
	case "complete_tx":
		return w.completeTx(ctx, job, does)
	case "steps":
		for _, each := range does.Steps {
			w.step(ctx, job.ID, each)
		}
		return nil
	}
	return fmt.Errorf("unknown behaviour %q", does.Do)
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

func (w *worker) step(ctx context.Context, jobID int64, each step) {
	report := func(cursor json.RawMessage) error {
		w.peer.event("step", map[string]any{"client": w.client, "job_id": jobID, "step": each.Name, "cursor": cursor})
		if each.Fail != "" {
			return errors.New(each.Fail)
		}
		return nil
	}
	if !each.Cursor {
		river.ResumableStep(ctx, each.Name, nil, func(context.Context) error { return report(nil) })
		return
	}
	river.ResumableStepCursor(ctx, each.Name, nil, func(ctx context.Context, cursor json.RawMessage) error {
		if each.Set != nil {
			if err := river.ResumableSetCursor(ctx, each.Set); err != nil {
				return err
			}
		}
		return report(cursor)
	})
}

// hold returns a channel that the command release closes.
func (p *peer) hold(jobID int64) <-chan struct{} {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	held := make(chan struct{})
	p.held[jobID] = held
	return held
}
