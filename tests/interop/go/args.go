package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

// rawArgs carries any JSON of any kind, byte for byte.
type rawArgs struct {
	kind string
	raw  json.RawMessage
}

func (a rawArgs) Kind() string { return a.kind }

func (a rawArgs) MarshalJSON() ([]byte, error) { return a.raw, nil }

func (a *rawArgs) UnmarshalJSON(data []byte) error {
	a.raw = append(json.RawMessage(nil), data...)
	return nil
}

// typed holds the structs that a command may name as its args' type: River reads their tags, and Go's encoder decides
// their bytes. It must be a type of the source: reflection can make no struct with a method Kind.
var typed = map[string]func(raw json.RawMessage) (river.JobArgs, error){
	"movie_library_scan": decode[movieLibraryScanArgs],
	"tagged":             decode[taggedArgs],
}

func decode[T river.JobArgs](raw json.RawMessage) (river.JobArgs, error) {
	var args T
	err := json.Unmarshal(raw, &args)
	return args, err
}

// movieLibraryScanArgs has the shape that media servers in Go enqueue.
type movieLibraryScanArgs struct {
	ScanID    string   `json:"scan_id"`
	LibraryID string   `json:"library_id"`
	Paths     []string `json:"paths"`
	Force     bool     `json:"force"`
}

func (movieLibraryScanArgs) Kind() string { return "movie_library_scan" }

func (movieLibraryScanArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		MaxAttempts: 3,
		Queue:       "bulk",
		UniqueOpts:  river.UniqueOpts{ByArgs: true, ByPeriod: 10 * time.Minute},
	}
}

// taggedArgs is unique by a plain field, one that may vanish, and one of a nested struct.
type taggedArgs struct {
	Account int64  `json:"account" river:"unique"`
	Region  string `json:"region,omitempty" river:"unique"`
	Note    string `json:"note"`
	Owner   struct {
		ID   *string `json:"id" river:"unique"`
		Name string  `json:"name"`
	} `json:"owner"`
}

func (taggedArgs) Kind() string { return "tagged" }

// buildArgs returns args of the named type, filled from JSON; without a type, the JSON itself.
func buildArgs(kind, typeName string, raw json.RawMessage) (river.JobArgs, error) {
	if typeName == "" {
		return rawArgs{kind: kind, raw: raw}, nil
	}
	build, ok := typed[typeName]
	if !ok {
		return nil, fmt.Errorf("no type of args is called %q", typeName)
	}
	return build(raw)
}
