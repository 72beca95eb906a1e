package bench

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func sample() *Results {
	run := func(broker string, pair int, rate float64) Measurement {
		return Measurement{
			Shape: "s", Broker: broker, Pair: pair, Metrics: Metrics{Published: rate},
			Series: map[string][]float64{PublishTenths: {rate, 2 * rate}},
		}
	}
	return &Results{
		Began: time.Unix(1000, 0).UTC(), Pairs: 3, Seconds: 5, Brokers: []Broker{{Name: "a", Title: "A"}, {Name: "b", Title: "B", Absent: "no"}},
		Runs: []Measurement{
			run("a", 1, 100), run("b", 1, 10),
			run("a", 2, 50), run("b", 2, 10), // a slow moment for a alone
			run("a", 3, 400), run("b", 3, 40), // a quick one for both
			{Shape: "s", Broker: "b", Pair: 4, Error: "not done within 1s", Late: true},
		},
	}
}

func TestMedianAndRatio(t *testing.T) {
	r := sample()
	if got, ok := r.Median("s", "a", Published); !ok || got != 100 {
		t.Errorf("median: got %v, %v, want 100", got, ok)
	}
	if got, ok := r.Ratio("s", Published, "a", "b"); !ok || got != 10 {
		t.Errorf("ratio pair by pair: got %v, %v, want 10", got, ok)
	}
	if got := r.MedianSeries("s", "a", PublishTenths); !slices.Equal(got, []float64{100, 200}) {
		t.Errorf("series: got %v, want 100 and 200", got)
	}
	if _, ok := r.Median("s", "a", Cycles); ok {
		t.Error("median of what was not measured: got one")
	}
	if _, ok := r.Ratio("s", Published, "a", "c"); ok {
		t.Error("ratio to what was not measured: got one")
	}
	if got := r.MedianSeries("s", "a", ConsumedTenths); got != nil {
		t.Errorf("series of what was not measured: got %v", got)
	}
	if text, late := r.Problem("s", "b"); !late || text != "not done within 1s" {
		t.Errorf("problem: got %q, %v", text, late)
	}
	if text, _ := r.Problem("s", "a"); text != "" {
		t.Errorf("problem of a: got %q, want none", text)
	}
	if b := r.Broker("b"); b == nil || b.Title != "B" || r.Broker("c") != nil {
		t.Errorf("broker: got %v", b)
	}
}

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{0: nil, 3: {3}, 2: {3, 1}, 5: {9, 1, 5}} {
		if got := median(values); got != want {
			t.Errorf("%v: got %v, want %v", values, got, want)
		}
	}
}

func TestResultsAreReadAsTheyWereWritten(t *testing.T) {
	var b bytes.Buffer
	want := sample()
	if err := want.Write(&b); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(b.String(), "\n"); lines != len(want.Runs)+1 {
		t.Errorf("got %d lines, want one for each of %d measurements, and one before", lines, len(want.Runs))
	}
	got, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for _, wrong := range []string{"", "{", `{"nonsense": 1}`} {
		if _, err := Read(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q: got no error", wrong)
		}
	}
}

func TestRounded(t *testing.T) {
	for v, want := range map[float64]float64{
		0: 0, 1234567: 1235000, 455618560: 455600000, 0.0671234: 0.06712, 12.3456: 12.35, -98765.4: -98770, 3: 3, 0.000123456: 0.0001235,
	} {
		if got := rounded(v); got != want {
			t.Errorf("%v: got %v, want %v", v, got, want)
		}
	}
}

func TestRatesOfTenths(t *testing.T) {
	moments := []float64{1, 2, 3, 4, 5, 7, 9, 11, 13, 15}
	if got, want := tenthRates(moments, 1000), []float64{100, 100, 100, 100, 100, 50, 50, 50, 50, 50}; !slices.Equal(got, want) {
		t.Errorf("tenths: got %v, want %v", got, want)
	}
	if got, want := fifthRates(moments, 1000), []float64{100, 100, 200.0 / 3, 50, 50}; !slices.Equal(got, want) {
		t.Errorf("fifths: got %v, want %v", got, want)
	}
	if got := tenthRates(nil, 1000); got != nil {
		t.Errorf("without moments: got %v", got)
	}
}

func TestResultsAreAddedLoadByLoad(t *testing.T) {
	all := Shapes(false)
	first, second := all[0].Name, all[1].Name
	results := func(rate float64, runs ...string) *Results {
		r := &Results{Pairs: 1, Seconds: 5, Brokers: []Broker{{Name: "a"}, {Name: "b"}, {Name: "c", Absent: "no"}}}
		for _, run := range runs {
			shape, broker, _ := strings.Cut(run, " ")
			r.Runs = append(r.Runs, Measurement{Shape: shape, Broker: broker, Pair: 1, Metrics: Metrics{Published: rate}, Seconds: 2})
		}
		return r
	}
	older := results(1, first+" a", first+" b", second+" a", second+" b")
	newer := results(2, second+" a", second+" b", first+" a") // broken off in the first
	sum, err := newer.AddTo(older)
	if err != nil {
		t.Fatal(err)
	}
	want := results(1, first+" a", first+" b").Runs
	want = append(want, results(2, second+" a", second+" b").Runs...)
	if !reflect.DeepEqual(sum.Runs, want) || sum.Took != 8 {
		t.Errorf("got %+v in %v s, want %+v", sum.Runs, sum.Took, want)
	}
	older.Floor, newer.Floor = &Floor{RoundTrip: 1}, &Floor{RoundTrip: 2}
	for shapes, want := range map[string]float64{first: 1, "latency/transient": 2} {
		one := results(2, shapes+" a", shapes+" b")
		one.Floor = newer.Floor
		if sum, err := one.AddTo(older); err != nil || sum.Floor.RoundTrip != want {
			t.Errorf("%s added: got a floor of %+v, %v, want the one with %v, which was measured beside what is compared with it", shapes, sum.Floor, err, want)
		}
	}
	for name, other := range map[string]*Results{
		"of other pairs":    {Pairs: 2, Seconds: 5},
		"of another time":   {Pairs: 1, Seconds: 2},
		"of another extent": {Pairs: 1, Seconds: 5, Full: true},
		"elsewhere":         {Pairs: 1, Seconds: 5, Machine: Machine{Cores: 4}},
	} {
		if _, err := newer.AddTo(other); err == nil {
			t.Errorf("added to results %s", name)
		}
	}
}
