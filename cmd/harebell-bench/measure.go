package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/bench"
)

// measure measures as the flags say.
func measure(c *cli.Context, out, progress io.Writer) error {
	o, err := optionsOf(c)
	if err != nil {
		return err
	}
	if c.Bool("list") {
		return list(out, o.Full)
	}
	if file := c.String("json"); file != "" {
		o.Save = func(r *bench.Results) error { return save(file, r) }
		if c.Bool("add") {
			if o.Save, err = adding(file); err != nil {
				return err
			}
		}
	} else if c.Bool("add") {
		return errors.New("--add: want a file to add to, --json")
	}
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	results, err := bench.Run(ctx, o, bench.NewLines(progress, isTerminal(progress)))
	if results != nil && o.Save != nil {
		err = errors.Join(err, o.Save(results))
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}

// adding returns what saves results together with those that are in a file.
func adding(file string) (func(*bench.Results) error, error) {
	older, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("--add: %w", err)
	}
	return func(r *bench.Results) error {
		sum, err := r.AddTo(older)
		if err != nil {
			return fmt.Errorf("--add: %w", err)
		}
		return save(file, sum)
	}, nil
}

// optionsOf takes the options from the flags.
func optionsOf(c *cli.Context) (o bench.Options, err error) {
	if c.Args().Present() {
		return o, fmt.Errorf("%s: only flags are taken; see --help", c.Args().First())
	}
	o = bench.Options{
		Harebell: c.String("harebell"),
		Pairs:    c.Int("pairs"),
		Time:     time.Duration(c.Int("seconds")) * time.Second,
		Full:     c.Bool("full"),
		Dir:      c.String("dir"),
		Port:     c.Int("port"),
	}
	if o.Self, err = os.Executable(); err != nil {
		return o, err
	}
	if names := c.String("brokers"); names != "" {
		o.Brokers = strings.Split(names, ",")
	}
	if c.IsSet("shapes") {
		if o.Shapes, err = regexp.Compile(c.String("shapes")); err != nil {
			return o, fmt.Errorf("--shapes: %w", err)
		}
	}
	for _, text := range c.StringSlice("broker") {
		e, err := bench.ParseExternal(text)
		if err != nil {
			return o, err
		}
		o.External = append(o.External, e)
	}
	return o, nil
}

// list prints the loads.
func list(out io.Writer, full bool) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, s := range bench.Shapes(full) {
		fmt.Fprintf(w, "%s\t%s\n", s.Name, s.Title)
	}
	return w.Flush()
}

// save writes the results so that the file always holds whole ones.
func save(name string, r *bench.Results) error {
	f, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	if err := errors.Join(r.Write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func isTerminal(w io.Writer) bool {
	f, isFile := w.(*os.File)
	if !isFile {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
