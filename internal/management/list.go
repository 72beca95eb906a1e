package management

import (
	"fmt"
	"iter"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// all are the items of a list.
func all[T any](items []T) iter.Seq[any] {
	return some(items, func(T) bool { return true })
}

// some are the items of a list that are wanted.
func some[T any](items []T, wanted func(T) bool) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, item := range items {
			if wanted(item) && !yield(item) {
				return
			}
		}
	}
}

// list answers with items, in the order and with the columns that the query asks
// for. Unless there is an order each is written as it comes.
func (c *call) list(items iter.Seq[any]) error {
	c.begin(http.StatusOK)
	c.writeItems(c.columns().each(c.inOrder(items, 0)))
	return nil // if nobody listens any more nobody wants to know
}

// writeItems writes an array, and reports false if nobody listens.
func (c *call) writeItems(items iter.Seq[any]) bool {
	between := "["
	for item := range items {
		if _, err := c.w.Write(append([]byte(between), marshal(item)...)); err != nil {
			return false
		}
		between = ","
	}
	if between == "[" {
		c.w.Write([]byte("["))
	}
	_, err := c.w.Write([]byte("]"))
	return err == nil
}

// Pages have so many items, unless the query says how many.
const (
	pageSize     = 100
	pageSizeMost = 500
)

// A page is part of a list.
type page struct {
	Filtered int   `json:"filtered_count"` // items whose name is wanted
	Count    int   `json:"item_count"`     // of those, on this page
	Items    []any `json:"items"`
	Page     int   `json:"page"`
	Pages    int   `json:"page_count"`
	Size     int   `json:"page_size"`
	Total    int   `json:"total_count"`
}

// listPaged is list for items that have names: if the query asks for a page it
// answers with that.
func (c *call) listPaged(items iter.Seq[any]) error {
	if !c.URL.Query().Has("page") {
		return c.list(items)
	}
	p, wanted, err := c.page()
	if err != nil {
		return err
	}
	columns := c.columns()
	p.Items = []any{}
	filtered := func(yield func(any) bool) {
		for item := range items {
			p.Total++
			if !wanted(nameOf(item)) {
				continue
			}
			p.Filtered++
			if !yield(item) {
				return
			}
		}
	}
	n := 0
	for item := range c.inOrder(filtered, p.Page*p.Size) {
		if n/p.Size == p.Page-1 {
			p.Items = append(p.Items, columns.of(item))
		}
		n++
	}
	p.Pages = (p.Filtered + p.Size - 1) / p.Size
	if p.Page-1 > p.Filtered/p.Size { // rabbitmq: the page behind a full last one is there, and empty
		return &refusal{status: http.StatusBadRequest, code: "page_out_of_range",
			reason: fmt.Sprintf("Page out of range, page: %d page size: %d, len: %d", p.Page, p.Size, p.Filtered)}
	}
	p.Count = len(p.Items)
	return c.write(p)
}

// nameOf returns the name of an item, "" if it has none.
func nameOf(item any) string {
	if n, ok := item.(interface{ name() string }); ok {
		return n.name()
	}
	name, _ := objectOf(item)["name"].(string)
	return name
}

// page reads which page the query asks for, and of which names.
func (c *call) page() (p page, wanted func(name string) bool, err error) {
	query := c.URL.Query()
	invalid := badRequest("Pagination parameters are invalid")
	if p.Page, err = strconv.Atoi(query.Get("page")); err != nil {
		return p, nil, invalid
	}
	p.Size = pageSize
	size := "undefined"
	if query.Has("page_size") {
		size = query.Get("page_size")
		if p.Size, err = strconv.Atoi(size); err != nil {
			return p, nil, invalid
		}
	}
	if p.Page < 1 || p.Size < 1 || p.Size > pageSizeMost {
		return p, nil, &refusal{status: http.StatusBadRequest, code: "invalid_pagination_parameters",
			reason: fmt.Sprintf("Invalid pagination parameters: page number %d, page size %s", p.Page, size)}
	}
	name := query.Get("name")
	if query.Get("use_regex") != "true" {
		return p, func(n string) bool { return strings.Contains(strings.ToLower(n), strings.ToLower(name)) }, nil
	}
	expression, err := regexp.Compile("(?i)" + name)
	if err != nil {
		return p, nil, invalid
	}
	return p, expression.MatchString, nil
}
