package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverlog"
	"github.com/riverqueue/river/rivertype"
)

type runningClient struct {
	client    *river.Client[pgx.Tx]
	cancelAll context.CancelFunc
}

type queueConfig struct {
	MaxWorkers     int   `json:"max_workers"`
	FetchCooldown  int64 `json:"fetch_cooldown_ms"`
	FetchPollEvery int64 `json:"fetch_poll_interval_ms"`
}

func (c queueConfig) build() river.QueueConfig {
	return river.QueueConfig{
		MaxWorkers:        c.MaxWorkers,
		FetchCooldown:     milliseconds(c.FetchCooldown),
		FetchPollInterval: milliseconds(c.FetchPollEvery),
	}
}

type periodic struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"`
	Args       json.RawMessage `json:"args"`
	Opts       *insertOpts     `json:"opts"`
	EveryMS    int64           `json:"every_ms"`
	RunOnStart bool            `json:"run_on_start"`
}

// clientConfig is what a test may choose of river.Config; what is left out keeps River's default.
type clientConfig struct {
	Queues             map[string]queueConfig `json:"queues"`
	Workers            map[string]workerSpec  `json:"workers"`
	Periodic           []periodic             `json:"periodic"`
	FetchCooldownMS    int64                  `json:"fetch_cooldown_ms"`
	FetchPollMS        int64                  `json:"fetch_poll_interval_ms"`
	JobTimeoutMS       int64                  `json:"job_timeout_ms"`
	StuckThresholdMS   int64                  `json:"stuck_threshold_ms"`
	RescueAfterMS      int64                  `json:"rescue_after_ms"`
	SoftStopTimeoutMS  int64                  `json:"soft_stop_timeout_ms"`
	CompletedRetention int64                  `json:"completed_retention_ms"`
	CancelledRetention int64                  `json:"cancelled_retention_ms"`
	DiscardedRetention int64                  `json:"discarded_retention_ms"`
	RetryMS            *int64                 `json:"retry_ms"`
	MaxAttempts        int                    `json:"max_attempts"`
	PollOnly           bool                   `json:"poll_only"`
	OnlyKnownKinds     bool                   `json:"only_known_kinds"`
	NoElection         bool                   `json:"leader_election_disabled"`
	ErrorsCancel       bool                   `json:"errors_cancel"`
	// Quiet reports no events, for many jobs.
	Quiet bool `json:"quiet"`
	// Log keeps what workers log in their jobs' rows (River: riverlog).
	Log bool `json:"log"`
	// Quick leaves out the random waits of the leader's services (River: TestOnly).
	Quick bool `json:"quick"`
}

// fixedRetry retries after the same time always.
type fixedRetry struct{ after time.Duration }

func (r fixedRetry) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(r.after) }

// cancellingErrors cancels each job that fails.
type cancellingErrors struct{}

func (cancellingErrors) HandleError(context.Context, *rivertype.JobRow, error) *river.ErrorHandlerResult {
	return &river.ErrorHandlerResult{SetCancelled: true}
}

func (cancellingErrors) HandlePanic(context.Context, *rivertype.JobRow, any, string) *river.ErrorHandlerResult {
	return &river.ErrorHandlerResult{SetCancelled: true}
}

func (c *clientConfig) build(p *peer, id string) (*river.Config, error) {
	config := &river.Config{
		ID:                          id,
		Schema:                      p.schema,
		Logger:                      p.logger,
		Queues:                      map[string]river.QueueConfig{},
		FetchCooldown:               milliseconds(c.FetchCooldownMS),
		FetchPollInterval:           milliseconds(c.FetchPollMS),
		JobTimeout:                  milliseconds(c.JobTimeoutMS),
		JobStuckThreshold:           milliseconds(c.StuckThresholdMS),
		RescueStuckJobsAfter:        milliseconds(c.RescueAfterMS),
		SoftStopTimeout:             milliseconds(c.SoftStopTimeoutMS),
		CompletedJobRetentionPeriod: milliseconds(c.CompletedRetention),
		CancelledJobRetentionPeriod: milliseconds(c.CancelledRetention),
		DiscardedJobRetentionPeriod: milliseconds(c.DiscardedRetention),
		MaxAttempts:                 c.MaxAttempts,
		PollOnly:                    c.PollOnly,
		FetchOnlyKnownKinds:         c.OnlyKnownKinds,
		LeaderElectionDisabled:      c.NoElection,
		TestOnly:                    c.Quick,
		ReindexerSchedule:           river.NeverSchedule(),
		Workers:                     river.NewWorkers(),
	}
	for name, queue := range c.Queues {
		config.Queues[name] = queue.build()
	}
	for kind, spec := range c.Workers {
		river.AddWorkerArgs(config.Workers, rawArgs{kind: kind}, &worker{peer: p, client: id, spec: spec, quiet: c.Quiet})
	}
	if c.RetryMS != nil {
		config.RetryPolicy = fixedRetry{milliseconds(*c.RetryMS)}
	}
	if c.Log {
		lines := func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) }
		config.Middleware = append(config.Middleware, riverlog.NewMiddleware(lines, nil))
	}
	if c.ErrorsCancel {
		config.ErrorHandler = cancellingErrors{}
	}
	for _, job := range c.Periodic {
		if job.EveryMS <= 0 {
			return nil, fmt.Errorf("periodic job %q needs every_ms", job.ID)
		}
		constructor := func() (river.JobArgs, *river.InsertOpts) {
			return rawArgs{kind: job.Kind, raw: job.Args}, job.Opts.build()
		}
		config.PeriodicJobs = append(config.PeriodicJobs, river.NewPeriodicJob(
			river.PeriodicInterval(milliseconds(job.EveryMS)), constructor,
			&river.PeriodicJobOpts{ID: job.ID, RunOnStart: job.RunOnStart},
		))
	}
	return config, nil
}

// start makes the client named by the request, reports its events, and starts it.
func start(_ context.Context, p *peer, req *request) (any, error) {
	var params struct {
		Config clientConfig `json:"config"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	config, err := params.Config.build(p, req.Client)
	if err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(p.pool), config)
	if err != nil {
		return nil, err
	}
	if !params.Config.Quiet {
		events, _ := client.Subscribe(
			river.EventKindJobCancelled, river.EventKindJobCompleted, river.EventKindJobFailed,
			river.EventKindJobInterrupted, river.EventKindJobSnoozed, river.EventKindQueuePaused, river.EventKindQueueResumed,
		)
		go p.report(req.Client, events)
	}
	ctx, cancelAll := context.WithCancel(context.Background())
	if err := client.Start(ctx); err != nil {
		cancelAll()
		return nil, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.clients[req.Client] = &runningClient{client: client, cancelAll: cancelAll}
	return nil, nil
}

func (p *peer) report(client string, events <-chan *river.Event) {
	for event := range events {
		fields := map[string]any{"client": client}
		if event.Job != nil {
			fields["job"] = jobView(event.Job)
		}
		if event.Queue != nil {
			fields["queue"] = event.Queue.Name
		}
		p.event(string(event.Kind), fields)
	}
}

// stop ends the client named by the request: softly, by cancelling its jobs, or as a cancelled start context does.
func stop(ctx context.Context, p *peer, req *request) (any, error) {
	var params struct {
		How       string `json:"how"`
		TimeoutMS int64  `json:"timeout_ms"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	p.mutex.Lock()
	running, ok := p.clients[req.Client]
	p.mutex.Unlock()
	if !ok {
		return nil, fmt.Errorf("no client %q", req.Client)
	}
	if params.TimeoutMS > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, milliseconds(params.TimeoutMS))
		defer cancel()
	}
	var err error
	switch params.How {
	case "", "soft":
		err = running.client.Stop(ctx)
	case "cancel":
		err = running.client.StopAndCancel(ctx)
	case "context":
		running.cancelAll()
		<-running.client.Stopped()
	default:
		err = errors.New("how is soft, cancel or context")
	}
	if err != nil {
		return nil, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.clients, req.Client)
	return nil, nil
}

// client returns a started one by its name, or the one that only inserts.
func (p *peer) client(name string) (*river.Client[pgx.Tx], error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if found, ok := p.clients[name]; ok {
		return found.client, nil
	}
	if name != "" {
		return nil, fmt.Errorf("no client %q", name)
	}
	client, err := river.NewClient(riverpgxv5.New(p.pool), &river.Config{Logger: p.logger, Schema: p.schema})
	if err != nil {
		return nil, err
	}
	p.clients[name] = &runningClient{client: client, cancelAll: func() {}}
	return client, nil
}
