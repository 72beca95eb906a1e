package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A difference is a call of ours, since, always or never, which is its kind.
type difference struct{ kind, rule, since, reason string }

// scan reads the rules of a directory into the chapters.
func scan(directory string) ([]chapter, error) {
	chapters := contents()
	paths, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || filepath.Base(path) == name {
			continue
		}
		if err := scanFile(path, chapters); err != nil {
			return nil, err
		}
	}
	for _, c := range chapters {
		if len(c.rules) == 0 {
			return nil, fmt.Errorf("chapter %s has no rules", c.title)
		}
	}
	return chapters, nil
}

// scanFile adds the rules and differences of one file to its chapter.
func scanFile(path string, chapters []chapter) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	stem := strings.TrimSuffix(filepath.Base(path), ".go")
	at := slices.IndexFunc(chapters, func(c chapter) bool { return slices.Contains(c.files, stem) })
	for _, declaration := range file.Decls {
		f, isFunction := declaration.(*ast.FuncDecl)
		if !isFunction {
			continue
		}
		rule := ruleName(f)
		differences := differencesIn(f, rule)
		if rule == "" && len(differences) == 0 {
			continue
		}
		if at < 0 {
			return fmt.Errorf("%s: %s is in no chapter; see contents.go", path, f.Name.Name)
		}
		if rule != "" {
			chapters[at].rules = append(chapters[at].rules, rule)
		}
		chapters[at].differences = append(chapters[at].differences, differences...)
	}
	return nil
}

// ruleName returns the name of a function if it is a rule.
func ruleName(f *ast.FuncDecl) string {
	if f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
		return ""
	}
	return f.Name.Name
}

// differencesIn finds the calls ours(t, "reason") and since(t, "version", "reason"),
// and those of always and never, which are like since.
func differencesIn(f *ast.FuncDecl, rule string) (found []difference) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, isCall := n.(*ast.CallExpr)
		if !isCall {
			return true
		}
		callee, isName := call.Fun.(*ast.Ident)
		switch {
		case !isName:
		case callee.Name == "ours" && len(call.Args) == 2:
			found = append(found, difference{kind: "ours", rule: rule, reason: literal(call.Args[1])})
		case slices.Contains([]string{"since", "always", "never"}, callee.Name) && len(call.Args) == 3:
			found = append(found, difference{callee.Name, rule, literal(call.Args[1]), literal(call.Args[2])})
		}
		return true
	})
	return found
}

// literal returns the value of a string constant.
func literal(e ast.Expr) string {
	constant, isConstant := e.(*ast.BasicLit)
	if !isConstant {
		return ""
	}
	value, err := strconv.Unquote(constant.Value)
	if err != nil {
		return ""
	}
	return value
}
