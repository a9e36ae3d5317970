package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
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

// asGoWrites encodes JSON anew, as encoding/json would have written its scalars, with all keys in their order: what
// a struct with such fields would be on the wire.
func asGoWrites(raw json.RawMessage) (json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var out bytes.Buffer
	err := rewrite(decoder, &out)
	return out.Bytes(), err
}

func rewrite(decoder *json.Decoder, out *bytes.Buffer) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if opening, ok := token.(json.Delim); ok {
		out.WriteString(opening.String())
		for first := true; decoder.More(); first = false {
			if !first {
				out.WriteByte(',')
			}
			if opening == '{' {
				if err := rewrite(decoder, out); err != nil {
					return err
				}
				out.WriteByte(':')
			}
			if err := rewrite(decoder, out); err != nil {
				return err
			}
		}
		closing, err := decoder.Token()
		if err != nil {
			return err
		}
		out.WriteString(closing.(json.Delim).String())
		return nil
	}
	if number, ok := token.(json.Number); ok && strings.ContainsAny(number.String(), ".eE") {
		if token, err = number.Float64(); err != nil {
			return err
		}
	}
	text, err := json.Marshal(token)
	out.Write(text)
	return err
}

// buildArgs returns args of the named type, filled from JSON; without a type, the JSON itself
// but for white space and HTML characters.
func buildArgs(kind, typeName string, raw json.RawMessage) (river.JobArgs, error) {
	if typeName == "" {
		return rawArgs{kind: kind, raw: raw}, nil
	}
	if typeName == "as go writes" {
		written, err := asGoWrites(raw)
		return rawArgs{kind: kind, raw: written}, err
	}
	build, ok := typed[typeName]
	if !ok {
		return nil, fmt.Errorf("no type of args is called %q", typeName)
	}
	return build(raw)
}
