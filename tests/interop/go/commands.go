package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

var commands map[string]command

func init() {
	commands = map[string]command{
		"migrate":        migrate,
		"validate":       validate,
		"versions":       existingVersions,
		"begin":          begin,
		"commit":         commit,
		"rollback":       rollback,
		"insert":         insert,
		"insert_many":    insertMany,
		"unique_key":     uniqueKey,
		"start":          start,
		"stop":           stop,
		"release":        release,
		"get":            getJob,
		"cancel":         cancelJob,
		"retry":          retryJob,
		"delete":         deleteJob,
		"update":         updateJob,
		"list":           listJobs,
		"delete_many":    deleteMany,
		"queues":         listQueues,
		"queue_get":      getQueue,
		"queue_add":      addQueue,
		"queue_remove":   removeQueue,
		"queue_pause":    pauseQueue,
		"queue_resume":   resumeQueue,
		"queue_update":   updateQueue,
		"request_resign": requestResign,
		"extensions":     extensions,
	}
}

func milliseconds(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// Migrations.

func (p *peer) migrator(line string) (*rivermigrate.Migrator[pgx.Tx], error) {
	return rivermigrate.New(riverpgxv5.New(p.pool), &rivermigrate.Config{Line: line, Logger: p.logger, Schema: p.schema})
}

func migrate(ctx context.Context, p *peer, req *request) (any, error) {
	var params struct {
		Direction string `json:"direction"`
		Line      string `json:"line"`
		Target    int    `json:"target"`
		MaxSteps  int    `json:"max_steps"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	migrator, err := p.migrator(params.Line)
	if err != nil {
		return nil, err
	}
	result, err := migrator.Migrate(ctx, rivermigrate.Direction(params.Direction), &rivermigrate.MigrateOpts{
		MaxSteps: params.MaxSteps, TargetVersion: params.Target,
	})
	if err != nil {
		return nil, err
	}
	versions := make([]int, 0, len(result.Versions))
	for _, version := range result.Versions {
		versions = append(versions, version.Version)
	}
	return map[string]any{"versions": versions}, nil
}

func validate(ctx context.Context, p *peer, _ *request) (any, error) {
	migrator, err := p.migrator("")
	if err != nil {
		return nil, err
	}
	result, err := migrator.Validate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": result.OK, "messages": result.Messages}, nil
}

func existingVersions(ctx context.Context, p *peer, _ *request) (any, error) {
	migrator, err := p.migrator("")
	if err != nil {
		return nil, err
	}
	found, err := migrator.ExistingVersions(ctx)
	if err != nil {
		return nil, err
	}
	versions := make([]map[string]any, 0, len(found))
	for _, version := range found {
		versions = append(versions, map[string]any{"version": version.Version, "name": version.Name})
	}
	return versions, nil
}

// Transactions.

// openTx goes on until its commit or rollback; a transaction of pgx serves one command at a time.
type openTx struct{ tx pgx.Tx }

func begin(ctx context.Context, p *peer, req *request) (any, error) {
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.txs[req.Tx] = &openTx{tx: tx}
	return nil, nil
}

func commit(ctx context.Context, p *peer, req *request) (any, error) {
	tx, err := p.takeTx(req.Tx)
	if err != nil {
		return nil, err
	}
	return nil, tx.Commit(ctx)
}

func rollback(ctx context.Context, p *peer, req *request) (any, error) {
	tx, err := p.takeTx(req.Tx)
	if err != nil {
		return nil, err
	}
	return nil, tx.Rollback(ctx)
}

func (p *peer) takeTx(name string) (pgx.Tx, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	found, ok := p.txs[name]
	if !ok {
		return nil, fmt.Errorf("no transaction %q", name)
	}
	delete(p.txs, name)
	return found.tx, nil
}

// tx returns the request's transaction, or nil when it names none.
func (p *peer) tx(req *request) (pgx.Tx, error) {
	if req.Tx == "" {
		return nil, nil
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	found, ok := p.txs[req.Tx]
	if !ok {
		return nil, fmt.Errorf("no transaction %q", req.Tx)
	}
	return found.tx, nil
}

// Single jobs.

type jobAction func(ctx context.Context, client *river.Client[pgx.Tx], tx pgx.Tx, id int64) (*rivertype.JobRow, error)

func onJob(ctx context.Context, p *peer, req *request, action jobAction) (any, error) {
	var params struct {
		JobID int64 `json:"job_id"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
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
	row, err := action(ctx, client, tx, params.JobID)
	if err != nil {
		return nil, err
	}
	return jobView(row), nil
}

func getJob(ctx context.Context, p *peer, req *request) (any, error) {
	return onJob(ctx, p, req, func(ctx context.Context, client *river.Client[pgx.Tx], tx pgx.Tx, id int64) (*rivertype.JobRow, error) {
		if tx != nil {
			return client.JobGetTx(ctx, tx, id)
		}
		return client.JobGet(ctx, id)
	})
}

func cancelJob(ctx context.Context, p *peer, req *request) (any, error) {
	return onJob(ctx, p, req, func(ctx context.Context, client *river.Client[pgx.Tx], tx pgx.Tx, id int64) (*rivertype.JobRow, error) {
		if tx != nil {
			return client.JobCancelTx(ctx, tx, id)
		}
		return client.JobCancel(ctx, id)
	})
}

func retryJob(ctx context.Context, p *peer, req *request) (any, error) {
	return onJob(ctx, p, req, func(ctx context.Context, client *river.Client[pgx.Tx], tx pgx.Tx, id int64) (*rivertype.JobRow, error) {
		if tx != nil {
			return client.JobRetryTx(ctx, tx, id)
		}
		return client.JobRetry(ctx, id)
	})
}

func deleteJob(ctx context.Context, p *peer, req *request) (any, error) {
	return onJob(ctx, p, req, func(ctx context.Context, client *river.Client[pgx.Tx], tx pgx.Tx, id int64) (*rivertype.JobRow, error) {
		if tx != nil {
			return client.JobDeleteTx(ctx, tx, id)
		}
		return client.JobDelete(ctx, id)
	})
}

func updateJob(ctx context.Context, p *peer, req *request) (any, error) {
	var params struct {
		Output json.RawMessage `json:"output"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	return onJob(ctx, p, req, func(ctx context.Context, client *river.Client[pgx.Tx], tx pgx.Tx, id int64) (*rivertype.JobRow, error) {
		if tx != nil {
			return client.JobUpdateTx(ctx, tx, id, &river.JobUpdateParams{Output: params.Output})
		}
		return client.JobUpdate(ctx, id, &river.JobUpdateParams{Output: params.Output})
	})
}

// Many jobs.

type jobFilter struct {
	IDs        []int64              `json:"ids"`
	Kinds      []string             `json:"kinds"`
	Priorities []int16              `json:"priorities"`
	Queues     []string             `json:"queues"`
	States     []rivertype.JobState `json:"states"`
	First      int                  `json:"first"`
}

func listJobs(ctx context.Context, p *peer, req *request) (any, error) {
	var params struct {
		jobFilter

		TagsAll   []string `json:"tags_all"`
		TagsAny   []string `json:"tags_any"`
		Metadata  string   `json:"metadata"`
		OrderBy   string   `json:"order_by"`
		Direction string   `json:"direction"`
		After     string   `json:"after"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	query := river.NewJobListParams()
	if params.IDs != nil {
		query = query.IDs(params.IDs...)
	}
	if params.Kinds != nil {
		query = query.Kinds(params.Kinds...)
	}
	if params.Priorities != nil {
		query = query.Priorities(params.Priorities...)
	}
	if params.Queues != nil {
		query = query.Queues(params.Queues...)
	}
	if params.States != nil {
		query = query.States(params.States...)
	}
	if params.First != 0 {
		query = query.First(params.First)
	}
	if params.TagsAll != nil {
		query = query.TagsAll(params.TagsAll...)
	}
	if params.TagsAny != nil {
		query = query.TagsAny(params.TagsAny...)
	}
	if params.Metadata != "" {
		query = query.Metadata(params.Metadata)
	}
	if params.OrderBy != "" {
		direction := river.SortOrderAsc
		if params.Direction == "desc" {
			direction = river.SortOrderDesc
		}
		query = query.OrderBy(river.JobListOrderByField(params.OrderBy), direction)
	}
	if params.After != "" {
		cursor := new(river.JobListCursor)
		if err := cursor.UnmarshalText([]byte(params.After)); err != nil {
			return nil, err
		}
		query = query.After(cursor)
	}
	client, err := p.client(req.Client)
	if err != nil {
		return nil, err
	}
	result, err := client.JobList(ctx, query)
	if err != nil {
		return nil, err
	}
	view := map[string]any{"jobs": jobViews(result.Jobs)}
	if result.LastCursor != nil {
		text, err := result.LastCursor.MarshalText()
		if err != nil {
			return nil, err
		}
		view["cursor"] = string(text)
	}
	return view, nil
}

func deleteMany(ctx context.Context, p *peer, req *request) (any, error) {
	var params struct {
		jobFilter

		All bool `json:"all"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	query := river.NewJobDeleteManyParams()
	if params.IDs != nil {
		query = query.IDs(params.IDs...)
	}
	if params.Kinds != nil {
		query = query.Kinds(params.Kinds...)
	}
	if params.Priorities != nil {
		query = query.Priorities(params.Priorities...)
	}
	if params.Queues != nil {
		query = query.Queues(params.Queues...)
	}
	if params.States != nil {
		query = query.States(params.States...)
	}
	if params.First != 0 {
		query = query.First(params.First)
	}
	if params.All {
		query = query.UnsafeAll()
	}
	client, err := p.client(req.Client)
	if err != nil {
		return nil, err
	}
	result, err := client.JobDeleteMany(ctx, query)
	if err != nil {
		return nil, err
	}
	return map[string]any{"jobs": jobViews(result.Jobs)}, nil
}

// Queues and leadership.

type queueParams struct {
	Name     string          `json:"name"`
	Metadata json.RawMessage `json:"metadata"`
	Config   queueConfig     `json:"config"`
}

func onQueue(ctx context.Context, p *peer, req *request, action func(client *river.Client[pgx.Tx], tx pgx.Tx, params *queueParams) (any, error)) (any, error) {
	params := new(queueParams)
	if err := json.Unmarshal(req.raw, params); err != nil {
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
	return action(client, tx, params)
}

func listQueues(ctx context.Context, p *peer, req *request) (any, error) {
	return onQueue(ctx, p, req, func(client *river.Client[pgx.Tx], _ pgx.Tx, _ *queueParams) (any, error) {
		result, err := client.QueueList(ctx, river.NewQueueListParams())
		if err != nil {
			return nil, err
		}
		views := make([]map[string]any, 0, len(result.Queues))
		for _, queue := range result.Queues {
			views = append(views, queueView(queue))
		}
		return views, nil
	})
}

func getQueue(ctx context.Context, p *peer, req *request) (any, error) {
	return onQueue(ctx, p, req, func(client *river.Client[pgx.Tx], _ pgx.Tx, params *queueParams) (any, error) {
		queue, err := client.QueueGet(ctx, params.Name)
		if err != nil {
			return nil, err
		}
		return queueView(queue), nil
	})
}

func addQueue(ctx context.Context, p *peer, req *request) (any, error) {
	return onQueue(ctx, p, req, func(client *river.Client[pgx.Tx], _ pgx.Tx, params *queueParams) (any, error) {
		return nil, client.Queues().Add(params.Name, params.Config.build())
	})
}

func removeQueue(ctx context.Context, p *peer, req *request) (any, error) {
	return onQueue(ctx, p, req, func(client *river.Client[pgx.Tx], _ pgx.Tx, params *queueParams) (any, error) {
		return nil, client.Queues().Remove(ctx, params.Name)
	})
}

func pauseQueue(ctx context.Context, p *peer, req *request) (any, error) {
	return onQueue(ctx, p, req, func(client *river.Client[pgx.Tx], tx pgx.Tx, params *queueParams) (any, error) {
		if tx != nil {
			return nil, client.QueuePauseTx(ctx, tx, params.Name, nil)
		}
		return nil, client.QueuePause(ctx, params.Name, nil)
	})
}

func resumeQueue(ctx context.Context, p *peer, req *request) (any, error) {
	return onQueue(ctx, p, req, func(client *river.Client[pgx.Tx], tx pgx.Tx, params *queueParams) (any, error) {
		if tx != nil {
			return nil, client.QueueResumeTx(ctx, tx, params.Name, nil)
		}
		return nil, client.QueueResume(ctx, params.Name, nil)
	})
}

func updateQueue(ctx context.Context, p *peer, req *request) (any, error) {
	return onQueue(ctx, p, req, func(client *river.Client[pgx.Tx], tx pgx.Tx, params *queueParams) (any, error) {
		update := &river.QueueUpdateParams{Metadata: params.Metadata}
		var queue *rivertype.Queue
		var err error
		if tx != nil {
			queue, err = client.QueueUpdateTx(ctx, tx, params.Name, update)
		} else {
			queue, err = client.QueueUpdate(ctx, params.Name, update)
		}
		if err != nil {
			return nil, err
		}
		return queueView(queue), nil
	})
}

func requestResign(ctx context.Context, p *peer, req *request) (any, error) {
	client, err := p.client(req.Client)
	if err != nil {
		return nil, err
	}
	return nil, client.Notify().RequestResign(ctx)
}

// release lets a job go on that its worker holds ("do": "hold"); without an id, all of them.
func release(_ context.Context, p *peer, req *request) (any, error) {
	var params struct {
		JobID int64 `json:"job_id"`
	}
	if err := json.Unmarshal(req.raw, &params); err != nil {
		return nil, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if params.JobID == 0 {
		for id, held := range p.held {
			close(held)
			delete(p.held, id)
		}
		return nil, nil
	}
	held, ok := p.held[params.JobID]
	if !ok {
		return nil, errors.New("no worker holds this job")
	}
	close(held)
	delete(p.held, params.JobID)
	return nil, nil
}
