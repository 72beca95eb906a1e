package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/disk"
)

// configFile is the flag, and with HAREBELL_ the variable, for the file.
const configFile = "config"

func configCommand() *cli.Command {
	return &cli.Command{
		Name:  "config",
		Usage: "print the settings in force, and where each comes from",
		Description: "Takes the same flags as serve, reads the same file and environment, and prints\n" +
			"what serve would make of them, in the form of a file.",
		Flags: settingFlags(),
		Action: func(c *cli.Context) error {
			s, err := readSettings(c)
			if err != nil {
				return err
			}
			return printSettings(c, s)
		},
	}
}

func printSettings(c *cli.Context, s *config.Settings) error {
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	for _, setting := range s.All() {
		fmt.Fprintf(w, "%s\t # %s\n", setting.Line(), setting.Origin)
	}
	for _, setting := range s.Ignored() {
		fmt.Fprintf(w, "# %s\t # %s, of no meaning here\n", setting.Key, setting.Origin)
	}
	for _, unknown := range s.Unknown() {
		fmt.Fprintf(w, "# %s\t # %s, there is no such setting", unknown.Key, unknown.Origin)
		if unknown.Nearest != "" {
			fmt.Fprintf(w, "; %s is", unknown.Nearest)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// settingFlags makes flags of the settings. What they default to, and the
// environment, is left to the settings.
func settingFlags() []cli.Flag {
	flags := []cli.Flag{&cli.PathFlag{
		Name:  configFile,
		Usage: "`file` of settings, key = value on each line, or none (default: /etc/harebell/harebell.conf, or RabbitMQ's in /etc/rabbitmq) [$HAREBELL_CONFIG]",
	}}
	for _, f := range config.Flags() {
		usage := fmt.Sprintf("%s [$%s]", f.Usage, f.Variable)
		switch {
		case f.Switch:
			flags = append(flags, &cli.BoolFlag{Name: f.Name, Usage: usage, DisableDefaultText: true})
		case f.Several:
			flags = append(flags, &cli.StringSliceFlag{Name: f.Name, Usage: usage, DefaultText: f.Default})
		default:
			flags = append(flags, &cli.StringFlag{Name: f.Name, Usage: usage, DefaultText: f.Default})
		}
	}
	return flags
}

// readSettings collects the settings from the files, the environment and the
// flags.
func readSettings(c *cli.Context) (*config.Settings, error) {
	path := c.Path(configFile)
	if path == "" {
		path = os.Getenv("HAREBELL_" + strings.ToUpper(configFile))
	}
	s, err := foundSettings(path)
	if err != nil {
		return nil, err
	}
	for _, f := range config.Flags() {
		if !c.IsSet(f.Name) {
			continue
		}
		values := []string{fmt.Sprint(c.Value(f.Name))}
		if f.Several {
			values = c.StringSlice(f.Name)
		}
		if err := s.SetFlag(f.Name, values...); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// foundSettings collects them from the files and the environment. path is the file that
// the operator names, "" for those that are where they usually are.
func foundSettings(path string) (*config.Settings, error) {
	s := config.Defaults()
	files, err := settingFiles(path)
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		if err := readFile(s, path); err != nil {
			return nil, err
		}
	}
	if dir := standardDataDir(); dir != "" {
		s.SetDefault("data_dir", dir, "found")
	}
	return s, s.ReadEnvironment(os.LookupEnv)
}

// settingFiles returns the files to read.
func settingFiles(path string) ([]string, error) {
	switch path {
	case "":
		return config.FoundFiles(os.DirFS("/"), os.LookupEnv)
	case "none":
		return nil, nil
	}
	return []string{path}, nil
}

// standardDataDir returns the directory for data that packages and container images
// make, "" if there is none. In RabbitMQ's it leaves alone what that has.
func standardDataDir() string {
	const own, rabbit = "/var/lib/harebell", "/var/lib/rabbitmq"
	switch {
	case disk.Writable(own):
		return own
	case disk.Writable(rabbit):
		return rabbit + "/harebell"
	}
	return ""
}

func readFile(s *config.Settings, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.ReadFile(path, f)
}
