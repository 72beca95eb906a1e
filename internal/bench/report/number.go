package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rate writes a number to three digits that matter, in groups of three.
func rate(v float64) string {
	if v < 100 {
		return digits(v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return thousands(int64(math.Round(v/unit) * unit))
}

func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// digits writes a small number to two digits that matter.
func digits(v float64) string {
	if v <= 0 {
		return "0"
	}
	places := 1 - int(math.Floor(math.Log10(v)))
	return strconv.FormatFloat(v, 'f', max(0, places), 64)
}

func micro(v float64) string { return digits(v) + " µs" }

// perSecond writes a rate as such.
func perSecond(v float64) string { return rate(v) + "/s" }

// percent writes a part of one.
func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

func milli(v float64) string { return digits(v) + " ms" }

func seconds(v float64) string { return digits(v) + " s" }

// octets writes a size in MB, or GB.
func octets(v float64) string {
	switch {
	case v >= 999.5e6:
		return digits(v/1e9) + " GB"
	case v >= 10e6:
		return fmt.Sprintf("%.0f MB", v/1e6)
	}
	return digits(v/1e6) + " MB"
}

// counted writes a number of things, whose name gets an s if there are several.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%s %ss", thousands(int64(n)), thing)
}

// times writes a ratio.
func times(v float64) string { return digits(v) + " ×" }

// spanned writes a value of which only the bounds may be known.
func spanned(s span, write func(float64) string) string {
	low, high := write(s.low), write(s.high)
	if low == high {
		return low
	}
	return strings.TrimSpace(low) + "–" + high
}
