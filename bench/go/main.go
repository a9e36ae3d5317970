// River in Go, put through the same measurements as the engine here. One JSON line on stdout.
//
//	DATABASE_URL=... river -mode drain|default5|latency|idle|steady|insert|migrate [-n JOBS] [-workers N] [-lean]
//
// In drain its client has the settings of River's own benchmark (fetch cooldown 2 ms, poll 20 ms); in the other modes
// its defaults, unless -cooldown says otherwise.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

const (
	ratePerSecond = 300
	gap           = 10 * time.Millisecond
	settle        = 2 * time.Second
	inserters     = 16
	left          = `SELECT EXISTS (SELECT FROM river_job WHERE state = 'available')
		OR EXISTS (SELECT FROM river_job WHERE state = 'running')`
)

var (
	mode     = flag.String("mode", "drain", "what to measure")
	n        = flag.Int("n", 100_000, "jobs")
	workers  = flag.Int("workers", 100, "MaxWorkers")
	seconds  = flag.Int("seconds", 5, "how long each half of steady takes")
	cooldown = flag.Duration("cooldown", 0, "FetchCooldown; 0 is River's default, 2 ms in drain")
	lean     = flag.Bool("lean", false, "without the indexes that no engine reads")
)

// Args is a number, as in River's own benchmark.
type Args struct {
	Num int `json:"num"`
}

// Kind names the jobs.
func (Args) Kind() string { return "bench" }

type worker struct {
	river.WorkerDefaults[Args]
	onWork func(num int)
}

func (w *worker) Work(_ context.Context, job *river.Job[Args]) error {
	w.onWork(job.Args.Num)
	return nil
}

type bench struct {
	context.Context
	pool    *pgxpool.Pool
	figures map[string]any
}

func main() {
	flag.Parse()
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	check(err)
	defer pool.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: quiet()})
	check(err)
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	check(err)
	if *lean {
		_, err = pool.Exec(ctx, "DROP INDEX IF EXISTS river_job_args_index, river_job_metadata_index, river_job_kind")
		check(err)
	}
	b := bench{ctx, pool, map[string]any{"system": "River 0.51.1 in Go", "mode": *mode, "n": *n, "workers": *workers}}
	switch *mode {
	case "migrate":
	case "drain":
		if *cooldown == 0 {
			*cooldown = 2 * time.Millisecond
		}
		b.drain(map[string]int{river.QueueDefault: *workers}, 20*time.Millisecond)
	case "default5":
		b.drain(map[string]int{"critical": 20, "high": 15, "default": 10, "low": 5, "bulk": 3}, 0)
	case "latency":
		b.latency()
	case "idle":
		b.idle()
	case "steady":
		b.steady()
	case "insert":
		b.insert()
	default:
		check(fmt.Errorf("unknown mode %q", *mode))
	}
	check(json.NewEncoder(os.Stdout).Encode(b.figures))
}

func (b bench) client(queues map[string]int, poll time.Duration, onWork func(int)) *river.Client[pgx.Tx] {
	config := &river.Config{FetchCooldown: *cooldown, FetchPollInterval: poll, Logger: quiet()}
	if queues != nil {
		config.Workers = river.NewWorkers()
		river.AddWorker(config.Workers, &worker{onWork: onWork})
		config.Queues = map[string]river.QueueConfig{}
		for name, most := range queues {
			config.Queues[name] = river.QueueConfig{MaxWorkers: most}
		}
	}
	client, err := river.NewClient(riverpgxv5.New(b.pool), config)
	check(err)
	return client
}

func (b bench) drain(queues map[string]int, poll time.Duration) {
	names := make([]string, 0, len(queues))
	for name := range queues {
		names = append(names, name)
	}
	slices.Sort(names)
	inserter := b.client(nil, 0, nil)
	began := time.Now()
	for first := 0; first < *n; first += 5000 {
		var params []river.InsertManyParams
		for num := first; num < min(first+5000, *n); num++ {
			opts := &river.InsertOpts{Queue: names[num%len(names)]}
			params = append(params, river.InsertManyParams{Args: Args{num}, InsertOpts: opts})
		}
		_, err := inserter.InsertManyFast(b, params)
		check(err)
	}
	b.figures["insert_per_s"] = perSecond(*n, time.Since(began))
	b.calm()
	var ran atomic.Int64
	all := make(chan struct{})
	client := b.client(queues, poll, func(int) {
		if ran.Add(1) == int64(*n) {
			close(all)
		}
	})
	cpu := cpuSeconds()
	began = time.Now()
	check(client.Start(b))
	<-all
	for unfinished := true; unfinished; {
		check(b.pool.QueryRow(b, left).Scan(&unfinished))
		if unfinished {
			time.Sleep(5 * time.Millisecond)
		}
	}
	took := time.Since(began)
	b.figures["settled_per_s"] = perSecond(*n, took)
	b.figures["client_cpus"] = round((cpuSeconds() - cpu) / took.Seconds())
	b.figures["rss_mb"] = maxRSS()
	check(client.Stop(b))
}

// latency inserts single jobs at a steady rate; the time is from the insert's return to the start.
func (b bench) latency() {
	client, started := b.started(*n)
	waits := b.paced(client, started, *n, ratePerSecond)
	check(client.Stop(b))
	b.percentiles("commit", waits)
}

// steady inserts single jobs as fast as they are worked, and then at 80 % of that rate.
func (b bench) steady() {
	most := *seconds * 200_000
	client, started := b.started(most)
	var next atomic.Int64
	until := time.Now().Add(time.Duration(*seconds) * time.Second)
	began := time.Now()
	var group sync.WaitGroup
	for range inserters {
		group.Go(func() {
			for time.Now().Before(until) {
				_, err := client.Insert(b, Args{int(next.Add(1)) - 1}, nil)
				check(err)
			}
		})
	}
	group.Wait()
	count := int(next.Load())
	started.wait(count)
	rate := perSecond(count, time.Since(began))
	paced := rate * 8 / 10
	started.reset()
	waits := b.paced(client, started, paced**seconds, paced)
	check(client.Stop(b))
	b.figures["most_per_s"], b.figures["paced_per_s"] = rate, paced
	b.percentiles("commit", waits)
}

// idle inserts one job, waits for its start, pauses, and again; the time is from before the insert.
func (b bench) idle() {
	client, started := b.started(*n)
	waits := make([]float64, 0, *n)
	for num := range *n {
		began := time.Now()
		_, err := client.Insert(b, Args{num}, nil)
		check(err)
		started.wait(num + 1)
		waits = append(waits, milliseconds(started.at[num].Sub(began)))
		time.Sleep(gap)
	}
	check(client.Stop(b))
	b.percentiles("lat", waits)
}

func (b bench) insert() {
	client := b.client(nil, 0, nil)
	for _, fast := range []bool{false, true} {
		_, err := b.pool.Exec(b, "TRUNCATE river_job")
		check(err)
		b.calm()
		began := time.Now()
		for first := 0; first < *n; first += 1000 {
			var params []river.InsertManyParams
			for num := first; num < min(first+1000, *n); num++ {
				params = append(params, river.InsertManyParams{Args: Args{num}})
			}
			if fast {
				_, err = client.InsertManyFast(b, params)
			} else {
				_, err = client.InsertMany(b, params)
			}
			check(err)
		}
		name := map[bool]string{false: "insert_many_per_s", true: "insert_fast_per_s"}[fast]
		b.figures[name] = perSecond(*n, time.Since(began))
	}
}

// starts notes when each job began.
type starts struct {
	lock  sync.Mutex
	more  *sync.Cond
	at    []time.Time
	count int
}

func (s *starts) note(num int) {
	now := time.Now()
	s.lock.Lock()
	s.at[num] = now
	s.count++
	s.lock.Unlock()
	s.more.Broadcast()
}

func (s *starts) wait(count int) {
	s.lock.Lock()
	for s.count < count {
		s.more.Wait()
	}
	s.lock.Unlock()
}

func (s *starts) reset() {
	s.lock.Lock()
	s.count = 0
	s.lock.Unlock()
}

func (b bench) started(most int) (*river.Client[pgx.Tx], *starts) {
	b.calm()
	started := &starts{at: make([]time.Time, most)}
	started.more = sync.NewCond(&started.lock)
	client := b.client(map[string]int{river.QueueDefault: *workers}, 0, started.note)
	check(client.Start(b))
	time.Sleep(settle)
	return client, started
}

// paced inserts count jobs at rate, each when its time has come whether or not the one before is back.
func (b bench) paced(client *river.Client[pgx.Tx], started *starts, count, rate int) []float64 {
	committed := make([]time.Time, count)
	nums := make(chan int, count)
	var group sync.WaitGroup
	for range inserters {
		group.Go(func() {
			for num := range nums {
				_, err := client.Insert(b, Args{num}, nil)
				check(err)
				committed[num] = time.Now()
			}
		})
	}
	began := time.Now()
	for num := range count {
		time.Sleep(time.Until(began.Add(time.Duration(num) * time.Second / time.Duration(rate))))
		nums <- num
	}
	close(nums)
	group.Wait()
	started.wait(count)
	waits := make([]float64, count)
	for num := range count {
		waits[num] = max(milliseconds(started.at[num].Sub(committed[num])), 0)
	}
	return waits
}

func (b bench) calm() {
	for _, statement := range []string{"VACUUM ANALYZE river_job", "CHECKPOINT"} {
		_, err := b.pool.Exec(b, statement)
		check(err)
	}
}

func (b bench) percentiles(prefix string, values []float64) {
	slices.Sort(values)
	for _, percent := range []int{50, 95, 99} {
		index := int(math.Ceil(float64(len(values))*float64(percent)/100)) - 1
		b.figures[fmt.Sprintf("%s_p%d_ms", prefix, percent)] = math.Round(values[index]*1000) / 1000
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func maxRSS() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Maxrss >> 10
}

func perSecond(count int, took time.Duration) int { return int(float64(count) / took.Seconds()) }
func milliseconds(took time.Duration) float64     { return float64(took.Microseconds()) / 1000 }
func round(value float64) float64                 { return math.Round(value*100) / 100 }

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 4})) }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
