package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// insertion is one job to insert, with River's options.
type insertion struct {
	Kind string          `json:"kind"`
	Args json.RawMessage `json:"args"`
	Type string          `json:"type"`
	Opts *insertOpts     `json:"opts"`
}

type insertOpts struct {
	MaxAttempts int             `json:"max_attempts"`
	Metadata    json.RawMessage `json:"metadata"`
	Pending     bool            `json:"pending"`
	Priority    int             `json:"priority"`
	Queue       string          `json:"queue"`
	ScheduledAt time.Time       `json:"scheduled_at"`
	Tags        []string        `json:"tags"`
	Unique      uniqueOpts      `json:"unique"`
}

type uniqueOpts struct {
	ByArgs      bool                 `json:"by_args"`
	ByPeriodMS  int64                `json:"by_period_ms"`
	ByQueue     bool                 `json:"by_queue"`
	ByState     []rivertype.JobState `json:"by_state"`
	ExcludeKind bool                 `json:"exclude_kind"`
}

func (o *insertOpts) build() *river.InsertOpts {
	if o == nil {
		return nil
	}
	return &river.InsertOpts{
		MaxAttempts: o.MaxAttempts,
		Metadata:    o.Metadata,
		Pending:     o.Pending,
		Priority:    o.Priority,
		Queue:       o.Queue,
		ScheduledAt: o.ScheduledAt,
		Tags:        o.Tags,
		UniqueOpts: river.UniqueOpts{
			ByArgs:      o.Unique.ByArgs,
			ByPeriod:    milliseconds(o.Unique.ByPeriodMS),
			ByQueue:     o.Unique.ByQueue,
			ByState:     o.Unique.ByState,
			ExcludeKind: o.Unique.ExcludeKind,
		},
	}
}

func insert(ctx context.Context, p *peer, req *request) (any, error) {
	var params insertion
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	args, err := buildArgs(params.Kind, params.Type, params.Args)
	if err != nil {
		return nil, err
	}
	client, err := p.client(req.Client)
	if err != nil {
		return nil, err
	}
	tx, err := p.tx(req)
	if err != nil {
		return nil, err
	}
	var result *rivertype.JobInsertResult
	if tx != nil {
		result, err = client.InsertTx(ctx, tx, args, params.Opts.build())
	} else {
		result, err = client.Insert(ctx, args, params.Opts.build())
	}
	if err != nil {
		return nil, err
	}
	return resultView(result), nil
}

func insertMany(ctx context.Context, p *peer, req *request) (any, error) {
	var params struct {
		Jobs []insertion `json:"jobs"`
		Fast bool        `json:"fast"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	many := make([]river.InsertManyParams, 0, len(params.Jobs))
	for _, job := range params.Jobs {
		args, err := buildArgs(job.Kind, job.Type, job.Args)
		if err != nil {
			return nil, err
		}
		many = append(many, river.InsertManyParams{Args: args, InsertOpts: job.Opts.build()})
	}
	client, err := p.client(req.Client)
	if err != nil {
		return nil, err
	}
	tx, err := p.tx(req)
	if err != nil {
		return nil, err
	}
	if params.Fast {
		var count int
		if tx != nil {
			count, err = client.InsertManyFastTx(ctx, tx, many)
		} else {
			count, err = client.InsertManyFast(ctx, many)
		}
		return map[string]any{"count": count}, err
	}
	var results []*rivertype.JobInsertResult
	if tx != nil {
		results, err = client.InsertManyTx(ctx, tx, many)
	} else {
		results, err = client.InsertMany(ctx, many)
	}
	if err != nil {
		return nil, err
	}
	views := make([]map[string]any, 0, len(results))
	for _, result := range results {
		views = append(views, resultView(result))
	}
	return views, nil
}

func resultView(result *rivertype.JobInsertResult) map[string]any {
	return map[string]any{"job": jobView(result.Job), "duplicate": result.UniqueSkippedAsDuplicate}
}

var errSeen = errors.New("seen")

// stoppedClock is a rivertype.TimeGenerator that always says the same.
type stoppedClock struct{ at time.Time }

func (c stoppedClock) Now() time.Time       { return c.at }
func (c stoppedClock) NowOrNil() *time.Time { return &c.at }

// uniqueKey computes the key that Go would insert, without a database: a middleware looks and lets nothing through.
func uniqueKey(ctx context.Context, _ *peer, req *request) (any, error) {
	var params struct {
		Jobs []insertion `json:"jobs"`
		Now  time.Time   `json:"now"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	var seen *rivertype.JobInsertParams
	look := river.JobInsertMiddlewareFunc(func(_ context.Context, many []*rivertype.JobInsertParams, _ func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
		seen = many[0]
		return nil, errSeen
	})
	config := &river.Config{Middleware: []rivertype.Middleware{look}}
	if !params.Now.IsZero() {
		config.Test = river.TestConfig{Time: stoppedClock{params.Now}}
	}
	client, err := river.NewClient(riverpgxv5.New(nil), config)
	if err != nil {
		return nil, err
	}
	views := make([]map[string]any, 0, len(params.Jobs))
	for _, job := range params.Jobs {
		args, err := buildArgs(job.Kind, job.Type, job.Args)
		if err != nil {
			return nil, err
		}
		_, err = client.InsertTx(ctx, nil, args, job.Opts.build())
		if !errors.Is(err, errSeen) {
			// A refused option is an answer too.
			views = append(views, map[string]any{"error": err.Error()})
			continue
		}
		views = append(views, map[string]any{
			"key": hex.EncodeToString(seen.UniqueKey), "states": seen.UniqueStates, "args": string(seen.EncodedArgs),
		})
	}
	return views, nil
}
