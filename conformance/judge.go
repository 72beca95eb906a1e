package conformance

import (
	"net/url"
	"regexp"
	"sync"
	"time"
)

// patienceWithRules bounds one function of a rule. The slowest waits half a
// minute for a broker's timer.
const patienceWithRules = 2 * time.Minute

// Options say how a broker is judged. The zero value checks all rules.
type Options struct {
	Only     *regexp.Regexp // checks the rules whose name matches; nil is all
	Short    bool           // leaves out what waits for a broker's own timers
	Parallel int            // rules checked at a time; 16 if it is 0
	Restart  string         // a shell command that restarts the broker; what survives it is left out without

	// Management is the URL of the broker's management API, with an
	// administrator's name and password. Without it the rules are left out for
	// which the broker has to be administered.
	Management string

	// Progress is called by one goroutine with each result as it comes, and with how
	// many there will be. It may be nil.
	Progress func(r Result, total int)
}

// Judge holds the rules against the broker at an AMQP address. The error says
// why no rule could be checked; a rule that does not hold is none. One broker is
// judged at a time in a process.
func Judge(address string, o Options) (Report, error) {
	met, err := meet(address, o.Management)
	if err != nil {
		return Report{}, err
	}
	target, impatient = met, o.Short
	turning = restart{broker: restartCommand(o.Restart)}
	report := Report{Product: met.product, Version: met.version, Address: Bare(address), Started: time.Now().UTC()}
	report.Results = judgeAll(Chapters, o)
	report.Seconds = time.Since(report.Started).Seconds()
	return report, nil
}

// Bare returns an address without user and password.
func Bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

// judgeAll checks the rules of chapters: first those that run alone, then, after a
// restart if they want one, all others in parallel.
func judgeAll(chapters []Chapter, o Options) []Result {
	results, checks := choose(chapters, o.Only)
	all := newTrial("", nil, tokens(o.Parallel), patienceWithRules)
	trials := make([]*trial, len(checks))
	ended := make(chan int, len(checks))
	var begin sync.WaitGroup
	begin.Go(func() {
		for i, check := range checks {
			trials[i] = newTrial(results[i].Rule, all, all.turns, all.limit)
			trials[i].start(check)
			go func() {
				<-trials[i].ended
				ended <- i
			}()
		}
		turning.happen()
		all.runParts()
	})
	defer begin.Wait() // who judges another broker next changes what it reads
	for range checks {
		i := <-ended
		trials[i].conclude(&results[i])
		if o.Progress != nil {
			o.Progress(results[i], len(results))
		}
	}
	return results
}

// choose returns the rules whose names match, with a result for each to be
// filled in.
func choose(chapters []Chapter, only *regexp.Regexp) (results []Result, checks []func(T)) {
	for _, chapter := range chapters {
		for _, rule := range chapter.Rules {
			if only == nil || only.MatchString(rule.Name) {
				results = append(results, Result{Chapter: chapter.Title, Rule: rule.Name, Sentence: rule.Sentence()})
				checks = append(checks, rule.Check)
			}
		}
	}
	return results, checks
}

// tokens returns a channel with so many turns to take.
func tokens(count int) chan struct{} {
	if count <= 0 {
		count = 16 // rules wait for the broker far more than they compute
	}
	turns := make(chan struct{}, count)
	for range count {
		turns <- struct{}{}
	}
	return turns
}
