package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/conformance"
	"github.com/harebellmq/harebell/conformance/report"
)

// judge checks the rules as the flags say and shows what came of them.
func judge(c *cli.Context, out, progress io.Writer) error {
	options, err := optionsOf(c)
	if err != nil {
		return err
	}
	for _, name := range []string{c.String("html"), c.String("record")} {
		if err := writable(name); err != nil {
			return err
		}
	}
	reports, err := judgeEach(c.StringSlice("url"), c.StringSlice("management-url"), options, progress)
	if err != nil {
		return err
	}
	if err := show(c, out, reports); err != nil {
		return err
	}
	return verdict(reports)
}

// verdict is no error if all rules that apply hold, for every broker.
func verdict(reports []conformance.Report) error {
	for _, r := range reports {
		if len(r.Failures()) > 0 {
			return errDiffers
		}
	}
	return nil
}

// optionsOf takes the options from the flags.
func optionsOf(c *cli.Context) (o conformance.Options, err error) {
	if c.Args().Present() {
		return o, fmt.Errorf("%s: only flags are taken; see --help", c.Args().First())
	}
	if c.Int("parallel") < 1 {
		return o, fmt.Errorf("--parallel %d: at least 1 is needed", c.Int("parallel"))
	}
	if c.IsSet("record") && (c.IsSet("run") || c.Bool("short")) {
		return o, errors.New("--record: all rules are needed, without --run and --short")
	}
	o = conformance.Options{Short: c.Bool("short"), Parallel: c.Int("parallel"), Restart: c.String("restart")}
	if c.IsSet("run") {
		if o.Only, err = regexp.Compile(c.String("run")); err != nil {
			return o, fmt.Errorf("--run: %w", err)
		}
	}
	return o, nil
}

// judgeEach judges one broker after the other. All have a management API, or none.
func judgeEach(addresses, management []string, o conformance.Options, progress io.Writer) (reports []conformance.Report, err error) {
	if len(addresses) == 0 {
		return nil, errors.New("--url is needed: " + form)
	}
	for _, address := range addresses {
		if err := checkAddress(address); err != nil {
			return nil, err
		}
	}
	if len(management) > 0 && len(management) != len(addresses) {
		return nil, fmt.Errorf("--management-url is given for %d of %d brokers: want it for each, in the order of --url, or for none", len(management), len(addresses))
	}
	for i, address := range addresses {
		if len(management) > 0 {
			o.Management = management[i]
		}
		line := newProgress(progress)
		o.Progress = line.add
		r, err := conformance.Judge(address, o)
		line.end()
		if err != nil {
			return nil, fmt.Errorf("broker at %s: %w", conformance.Bare(address), err)
		}
		if len(r.Results) == 0 {
			return nil, errors.New("--run matches no rule")
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// form is what an address looks like.
const form = "amqp://user:password@host:port/virtual-host"

// checkAddress refuses what is none. It does not repeat it, as there may be a
// password in it.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	var wrong *url.Error
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("--url: %w; want %s", wrong.Err, form)
	case u.Scheme == "amqps":
		return fmt.Errorf("--url: amqps is not spoken, the rules are about what is inside of TLS; want %s", form)
	case u.Scheme != "amqp" || u.Host == "":
		return fmt.Errorf("--url: not an address of a broker; want %s", form)
	}
	return nil
}

// show prints the reports and writes the files asked for.
func show(c *cli.Context, out io.Writer, reports []conformance.Report) error {
	if err := toFile(c.String("html"), func(w io.Writer) error { return report.HTML(w, reports) }); err != nil {
		return err
	}
	if err := toFile(c.String("record"), func(w io.Writer) error { return report.WriteRecord(w, reports) }); err != nil {
		return err
	}
	if !c.Bool("json") {
		return report.Table(out, reports)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(reports)
}

// writable makes sure, before minutes have passed, that a file can be written.
func writable(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	return file.Close()
}

// toFile writes a file, unless it has no name.
func toFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
