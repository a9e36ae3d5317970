package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// notes are the calls of one run, in their order. Args are made without knowing their run, so there is one at a time.
var (
	notes      []string
	notesMutex sync.Mutex
	oneRun     sync.Mutex
)

func note(format string, args ...any) {
	notesMutex.Lock()
	defer notesMutex.Unlock()
	notes = append(notes, fmt.Sprintf(format, args...))
}

// noting is a plugin that notes each of its calls.
type noting struct {
	river.PluginDefaults

	name string
	// refuses makes WorkBegin fail, replaces lets WorkEnd give another error, swallows none.
	refuses, replaces, swallows bool
}

func (n *noting) InsertMany(ctx context.Context, many []*rivertype.JobInsertParams, proceed func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
	note("%s: insert %d", n.name, len(many))
	results, err := proceed(ctx)
	note("%s: inserted %d", n.name, len(results))
	return results, err
}

func (n *noting) InsertBegin(_ context.Context, params *rivertype.JobInsertParams) error {
	note("%s: insert begin %s", n.name, params.Kind)
	metadata := map[string]any{}
	if err := json.Unmarshal(params.Metadata, &metadata); err != nil {
		return err
	}
	metadata["by_"+n.name] = params.Kind
	changed, err := json.Marshal(metadata)
	params.Metadata = changed
	return err
}

func (n *noting) Work(ctx context.Context, _ *rivertype.JobRow, proceed func(context.Context) error) error {
	note("%s: work", n.name)
	err := proceed(ctx)
	note("%s: worked %s", n.name, textOf(err))
	return err
}

func (n *noting) WorkBegin(context.Context, *rivertype.JobRow) error {
	note("%s: work begin", n.name)
	if n.refuses {
		return errors.New("refused")
	}
	return nil
}

func (n *noting) WorkEnd(_ context.Context, _ *rivertype.JobRow, err error) error {
	note("%s: work end %s", n.name, textOf(err))
	switch {
	case n.replaces:
		return errors.New("replaced")
	case n.swallows:
		return nil
	}
	return err
}

func textOf(err error) string {
	if err == nil {
		return "well"
	}
	return err.Error()
}

// notingErrors notes each call, and may cancel.
type notingErrors struct{ cancels bool }

func (h notingErrors) HandleError(_ context.Context, _ *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	note("error %s", err)
	return &river.ErrorHandlerResult{SetCancelled: h.cancels}
}

func (h notingErrors) HandlePanic(_ context.Context, _ *rivertype.JobRow, value any, _ string) *river.ErrorHandlerResult {
	note("error %v", value)
	return &river.ErrorHandlerResult{SetCancelled: h.cancels}
}

// notedArgs and otherArgs are of kinds with plugins of their own.
type notedArgs struct {
	Do string `json:"do"`
}

func (notedArgs) Kind() string { return "noted" }

func (notedArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: "noted"} }

func (notedArgs) Plugins() []rivertype.Plugin { return []rivertype.Plugin{&noting{name: "kind"}} }

type otherArgs struct{}

func (otherArgs) Kind() string { return "other" }

func (otherArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: "elsewhere"} }

func (otherArgs) Plugins() []rivertype.Plugin { return []rivertype.Plugin{&noting{name: "other"}} }

type notedWorker struct {
	river.WorkerDefaults[notedArgs]
}

func (notedWorker) Middleware(*rivertype.JobRow) []rivertype.WorkerMiddleware {
	return []rivertype.WorkerMiddleware{&noting{name: "worker"}}
}

func (notedWorker) Work(_ context.Context, job *river.Job[notedArgs]) error {
	note("at work")
	if job.Args.Do == "fail" {
		return errors.New("failed")
	}
	return nil
}

type otherWorker struct {
	river.WorkerDefaults[otherArgs]
}

func (otherWorker) Work(context.Context, *river.Job[otherArgs]) error { return nil }

// extensions inserts three jobs, works one of them through plugins, and returns their calls and its id.
func extensions(ctx context.Context, p *peer, req *request) (any, error) {
	var params struct {
		Do       string `json:"do"`
		Refuses  bool   `json:"refuses"`
		Replaces bool   `json:"replaces"`
		Swallows bool   `json:"swallows"`
		Cancels  bool   `json:"cancels"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	oneRun.Lock()
	defer oneRun.Unlock()
	notes = []string{}
	workers := river.NewWorkers()
	river.AddWorker(workers, notedWorker{})
	river.AddWorker(workers, otherWorker{})
	second := &noting{name: "two"}
	client, err := river.NewClient(riverpgxv5.New(p.pool), &river.Config{
		Schema:       p.schema,
		Logger:       p.logger,
		Workers:      workers,
		Queues:       map[string]river.QueueConfig{"noted": {MaxWorkers: 1}},
		RetryPolicy:  fixedRetry{time.Hour},
		Plugins:      []rivertype.Plugin{&noting{name: "one", refuses: params.Refuses, replaces: params.Replaces, swallows: params.Swallows}},
		Hooks:        []rivertype.Hook{second},
		Middleware:   []rivertype.Middleware{second},
		ErrorHandler: notingErrors{params.Cancels},
	})
	if err != nil {
		return nil, err
	}
	inserted, err := client.InsertMany(ctx, []river.InsertManyParams{
		{Args: otherArgs{}}, {Args: notedArgs{Do: params.Do}}, {Args: otherArgs{}},
	})
	if err != nil {
		return nil, err
	}
	events, _ := client.Subscribe(river.EventKindJobCancelled, river.EventKindJobCompleted, river.EventKindJobFailed)
	if err := client.Start(ctx); err != nil {
		return nil, err
	}
	ended := <-events
	if err := client.Stop(ctx); err != nil {
		return nil, err
	}
	return map[string]any{
		"notes": notes, "job_id": inserted[1].Job.ID, "event": ended.Kind, "state": ended.Job.State,
	}, nil
}
