package compat

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestFor(t *testing.T) {
	for _, series := range Series() {
		r, err := For(series)
		if err != nil || r.Series != series || !strings.HasPrefix(r.Version, series+".") {
			t.Errorf("%s: got series %q with version %q, %v", series, r.Series, r.Version, err)
		}
	}
	if _, err := For(Default); err != nil {
		t.Error(err)
	}
}

func TestForASeriesThereIsNone(t *testing.T) {
	for _, series := range []string{"", "4", "4.1", "4.2.0", "latest"} {
		if _, err := For(series); err == nil || !strings.HasSuffix(err.Error(), "want 3.13, 4.2 or 4.3") {
			t.Errorf("%q: got %v, want it to say which there are", series, err)
		}
	}
}

// What the rooms do unless they are told is what the default series does.
func TestZeroRulesAreTheDefaultOnes(t *testing.T) {
	r, err := For(Default)
	if err != nil {
		t.Fatal(err)
	}
	r.Series, r.Version, r.MaxMessageSize = "", "", 0
	if r != (Rules{}) {
		t.Errorf("got %+v, want all else to be zero", r)
	}
}

func TestEveryRuleIsToldInWords(t *testing.T) {
	tell := func(r Rules) (told []string) {
		for _, w := range words {
			told = append(told, w.tell(r))
		}
		return told
	}
	before := tell(Rules{})
	rules := reflect.TypeFor[Rules]()
	for i := range rules.NumField() {
		var r Rules
		field := reflect.ValueOf(&r).Elem().Field(i)
		switch field.Kind() {
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int64:
			field.SetInt(1 << 40)
		case reflect.String:
			field.SetString("x")
		}
		if name := rules.Field(i).Name; name != "Series" && slices.Equal(tell(r), before) {
			t.Errorf("%s: nothing that is told depends on it", name)
		}
	}
}

func TestDifferencesDiffer(t *testing.T) {
	for _, d := range Differences() {
		if len(d.BySeries) != len(Series()) || len(slices.Compact(slices.Clone(d.BySeries))) < 2 {
			t.Errorf("%s: got %q, want one for each series, and not all the same", d.What, d.BySeries)
		}
	}
}

func TestPermitOverridesTheSeries(t *testing.T) {
	for _, series := range Series() {
		r, err := For(series)
		if err != nil {
			t.Fatal(err)
		}
		own := r.RefuseTransient
		r.PermitTransient(false)
		r.PermitGlobalQos(false)
		switch {
		case own != "" && r.RefuseTransient != own:
			t.Errorf("%s denied: got %q, want the text it has of its own", series, r.RefuseTransient)
		case own == "" && !strings.Contains(r.RefuseTransient, "not permitted per the configuration"):
			t.Errorf("%s denied: got %q, want it to name the configuration", series, r.RefuseTransient)
		}
		if !r.PerConsumerQos {
			t.Errorf("%s denied: global prefetch is for the channel", series)
		}
		r.PermitTransient(true)
		r.PermitGlobalQos(true)
		if r.RefuseTransient != "" || r.PerConsumerQos {
			t.Errorf("%s permitted: got %q and per consumer %v", series, r.RefuseTransient, r.PerConsumerQos)
		}
	}
}
