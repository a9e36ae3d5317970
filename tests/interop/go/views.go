package main

import (
	"encoding/hex"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// jobView shows a row as Go read it; args and metadata as text, so that their bytes can be compared.
func jobView(row *rivertype.JobRow) map[string]any {
	states := make([]string, 0, len(row.UniqueStates))
	for _, state := range row.UniqueStates {
		states = append(states, string(state))
	}
	return map[string]any{
		"id":            row.ID,
		"state":         row.State,
		"attempt":       row.Attempt,
		"max_attempts":  row.MaxAttempts,
		"attempted_at":  moment(row.AttemptedAt),
		"created_at":    moment(&row.CreatedAt),
		"finalized_at":  moment(row.FinalizedAt),
		"scheduled_at":  moment(&row.ScheduledAt),
		"priority":      row.Priority,
		"args":          string(row.EncodedArgs),
		"attempted_by":  row.AttemptedBy,
		"errors":        row.Errors,
		"kind":          row.Kind,
		"metadata":      string(row.Metadata),
		"queue":         row.Queue,
		"tags":          row.Tags,
		"unique_key":    hex.EncodeToString(row.UniqueKey),
		"unique_states": states,
	}
}

func jobViews(rows []*rivertype.JobRow) []map[string]any {
	views := make([]map[string]any, 0, len(rows))
	for _, row := range rows {
		views = append(views, jobView(row))
	}
	return views
}

func queueView(queue *rivertype.Queue) map[string]any {
	return map[string]any{
		"name":       queue.Name,
		"metadata":   string(queue.Metadata),
		"created_at": moment(&queue.CreatedAt),
		"paused_at":  moment(queue.PausedAt),
		"updated_at": moment(&queue.UpdatedAt),
	}
}

func moment(at *time.Time) any {
	if at == nil {
		return nil
	}
	return at.UTC().Format(time.RFC3339Nano)
}
