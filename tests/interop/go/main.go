// Command peer is River in Go, driven by tests: a JSON object a line in on stdin, answers and events a line out on stdout.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

const maxLineBytes = 64 << 20

// request is one command; its other fields are decoded by the command itself.
type request struct {
	ID      int64  `json:"id"`
	Command string `json:"cmd"`
	Client  string `json:"client"`
	Tx      string `json:"tx"`

	raw json.RawMessage
}

type answer struct {
	ID     int64  `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

type command func(ctx context.Context, p *peer, req *request) (any, error)

// peer is everything one process holds: a pool, clients by name, transactions by name.
type peer struct {
	pool   *pgxpool.Pool
	schema string
	logger *slog.Logger

	out      *json.Encoder
	outMutex sync.Mutex

	mutex   sync.Mutex
	clients map[string]*runningClient
	txs     map[string]*openTx
	held    map[int64]chan struct{}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: peer DATABASE_URL SCHEMA (\"\" for the search path)")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(databaseURL, schema string) error {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer pool.Close()
	p := &peer{
		pool:    pool,
		schema:  schema,
		logger:  slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: logLevel()})),
		out:     json.NewEncoder(os.Stdout),
		clients: map[string]*runningClient{},
		txs:     map[string]*openTx{},
		held:    map[int64]chan struct{}{},
	}
	p.out.SetEscapeHTML(false)
	p.event("ready", map[string]any{"pid": os.Getpid()})

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), maxLineBytes)
	for lines.Scan() {
		req := &request{raw: append(json.RawMessage(nil), lines.Bytes()...)}
		if err := json.Unmarshal(req.raw, req); err != nil {
			return fmt.Errorf("not a command: %w", err)
		}
		// Each by itself: a stop that waits must not keep the release that it waits for.
		go p.serve(ctx, req)
	}
	return lines.Err()
}

func (p *peer) serve(ctx context.Context, req *request) {
	found, ok := commands[req.Command]
	if !ok {
		p.write(answer{ID: req.ID, Error: fmt.Sprintf("unknown command %q", req.Command)})
		return
	}
	result, err := found(ctx, p, req)
	if err != nil {
		p.write(answer{ID: req.ID, Error: err.Error()})
		return
	}
	p.write(answer{ID: req.ID, Result: result})
}

func (p *peer) event(name string, fields map[string]any) {
	fields["event"] = name
	p.write(fields)
}

func (p *peer) write(value any) {
	p.outMutex.Lock()
	defer p.outMutex.Unlock()
	if err := p.out.Encode(value); err != nil {
		os.Exit(1) // nobody reads any more
	}
}

func logLevel() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(os.Getenv("PEER_LOG"))); err != nil {
		return slog.LevelError
	}
	return level
}
