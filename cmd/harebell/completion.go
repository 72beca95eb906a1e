package main

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/cmd/harebell/rabbitmqadmin"
	"github.com/harebellmq/harebell/cmd/harebell/rabbitmqctl"
)

// completionName is the command that prints what shells complete words by.
const completionName = "completion"

// shells are the scripts for each shell. They hold all words, so that completing starts no
// program; urfave/cli's own support starts one, and knows no names but the program's.
var shells = map[string]string{
	"bash": `{{range .}}_{{.Function}}() { [ "$COMP_CWORD" -le {{.At}} ] && COMPREPLY=($(compgen -W "{{.Words}}" -- "${COMP_WORDS[COMP_CWORD]}")) || COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")); }
complete -o default -F _{{.Function}} {{.Name}}
{{end}}`,
	"zsh": `#compdef{{range .}} {{.Name}}{{end}}
case $service in
{{range .}}{{.Name}}) (( CURRENT == 2 )) && compadd -- {{.Words}} || _files ;;
{{end}}esac
`,
	"fish": `{{range .}}complete -c {{.Name}} -n "test (count (commandline -opc)) -eq 1" -f -a "{{.Words}}"
{{end}}`,
}

// A completion is which words may follow a program's name.
type completion struct {
	Name  string
	Words string
}

// Function is a name for a function of a shell.
func (c completion) Function() string { return strings.ReplaceAll(c.Name, "-", "_") }

// At is where the words stand.
func (completion) At() int { return 1 }

// completions are those of the program by each of its names.
func completions(app *cli.App) []completion {
	var own []string
	for _, c := range app.Commands {
		own = append(own, c.Name)
	}
	slices.Sort(own)
	all := []completion{{"harebell", strings.Join(own, " ")}, {adminTool, strings.Join(rabbitmqadmin.Words(), " ")}}
	for _, name := range rabbitmqctl.Tools {
		all = append(all, completion{name, strings.Join(rabbitmqctl.Commands(name), " ")})
	}
	return all
}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:            completionName,
		Usage:           "print a script by which bash, zsh or fish completes commands",
		ArgsUsage:       "bash | zsh | fish",
		Description:     "For bash: source <(harebell completion bash), in ~/.bashrc.",
		OnUsageError:    plainError,
		HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			script, ok := shells[c.Args().First()]
			if !ok || c.NArg() != 1 {
				return fmt.Errorf("%q: want bash, zsh or fish", strings.Join(c.Args().Slice(), " "))
			}
			return template.Must(template.New("").Parse(script)).Execute(c.App.Writer, completions(c.App))
		},
	}
}
