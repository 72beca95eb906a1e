package report

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A chart is a picture in the page: curves or bars, by broker.
type chart struct {
	file   string // without its ending
	title  string
	x, y   string // what the axes are of
	curves []curve
	bars   []bars
	ticks  []tick // of the horizontal axis
	log    bool   // horizontally
}

// A curve is of a broker. A dashed one shows its other side.
type curve struct {
	broker string // name
	label  string
	points plotter.XYs
	dashed bool
}

// Bars are those of one broker, one for each tick; 0 is for none.
type bars struct {
	broker string // name
	label  string
	values plotter.Values
}

type tick struct {
	at    float64
	label string
}

// A theme is the colours of a page that is light or dark. The background is the
// page's own.
type theme struct {
	name       string
	ink, faint color.Color
	brokers    map[string]color.Color // by their names
	others     []color.Color
}

// The themes of GitHub, whose pages these are made for.
var (
	light = theme{
		name: "light", ink: rgb(0x1f2328), faint: rgb(0xd1d9e0),
		brokers: map[string]color.Color{
			"harebell": rgb(0x5a4fcf), "rabbitmq": rgb(0xd9480f), "garagemq": rgb(0x2b8a3e), "lavinmq": rgb(0x0b7285), "lavinmq-no-sync": rgb(0x868e96),
		},
		others: []color.Color{rgb(0xa61e4d), rgb(0x5f3dc4), rgb(0x846358)},
	}
	dark = theme{
		name: "dark", ink: rgb(0xe6edf3), faint: rgb(0x3d444d),
		brokers: map[string]color.Color{
			"harebell": rgb(0xa99bff), "rabbitmq": rgb(0xff922b), "garagemq": rgb(0x69db7c), "lavinmq": rgb(0x3bc9db), "lavinmq-no-sync": rgb(0xadb5bd),
		},
		others: []color.Color{rgb(0xf783ac), rgb(0xb197fc), rgb(0xd8a48f)},
	}
)

func rgb(v uint32) color.Color {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

// color returns the colour of the i-th broker of a chart.
func (t theme) color(broker string, i int) color.Color {
	if c, ok := t.brokers[broker]; ok {
		return c
	}
	return t.others[i%len(t.others)]
}

// glyphs tell brokers apart without colours.
var glyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.PlusGlyph{}, draw.CrossGlyph{}}

// Points.
const (
	chartWidth  = 540
	chartHeight = 310
	marginRight = 24 // for the last label
	axisWidth   = 50 // about what the vertical axis takes
	keyHeight   = 16 // of a row of the key
	keyGap      = 22 // between two entries of the key, with the sign of the second
)

// write writes the chart as SVG.
func (c *chart) write(w io.Writer, t theme) error {
	p := plot.New()
	p.BackgroundColor = nil // that of the page
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.title, c.x, c.y
	style(p, t)
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal.Color, grid.Horizontal.Width = t.faint, vg.Points(0.5)
	p.Add(grid)
	k := &key{style: p.Legend.TextStyle}
	if err := errors.Join(c.addCurves(p, k, t), c.addBars(p, k, t)); err != nil {
		return fmt.Errorf("chart %s: %w", c.file, err)
	}
	p.Y.Min = 0
	p.Y.Max *= 1.02
	p.Y.Tick.Marker = plot.TickerFunc(yTicks)
	p.X.Tick.Marker = c.xTicks()
	if c.log {
		p.X.Scale = plot.LogScale{}
	}

	canvas := vgsvg.New(chartWidth, chartHeight)
	whole := draw.New(canvas)
	height := k.height(chartWidth)
	p.Draw(draw.Crop(whole, 0, -marginRight, height, 0))
	k.draw(draw.Crop(whole, 0, 0, 0, height-chartHeight))
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	// The font it names is not on every machine.
	_, err := w.Write(bytes.ReplaceAll(svg.Bytes(),
		[]byte("font-family:Liberation Sans"), []byte("font-family:system-ui,Liberation Sans,Arial,sans-serif")))
	return err
}

// style gives all that is written the font and the colour of the theme.
func style(p *plot.Plot, t theme) {
	for _, s := range []*text.Style{
		&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		s.Font.Variant, s.Font.Size, s.Color = "Sans", 10, t.ink
	}
	p.Title.TextStyle.Font.Size = 12
	p.Title.Padding, p.X.Label.Padding, p.Y.Label.Padding = 8, 4, 6
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = t.ink, t.ink
	}
}

func (c *chart) addCurves(p *plot.Plot, k *key, t theme) error {
	seen := make(map[string]int) // number of a broker
	for _, curve := range c.curves {
		if _, ok := seen[curve.broker]; !ok {
			seen[curve.broker] = len(seen)
		}
		i := seen[curve.broker]
		line, points, err := plotter.NewLinePoints(curve.points)
		if err != nil {
			return err
		}
		line.Color, line.Width = t.color(curve.broker, i), vg.Points(1.8)
		if curve.dashed {
			line.Dashes = []vg.Length{5, 3}
		}
		points.GlyphStyle = draw.GlyphStyle{Color: line.Color, Radius: vg.Points(3), Shape: glyphs[i%len(glyphs)]}
		p.Add(line, points)
		k.add(curve.label, line, points)
	}
	return nil
}

func (c *chart) addBars(p *plot.Plot, k *key, t theme) error {
	if len(c.bars) == 0 {
		return nil
	}
	room := (chartWidth - marginRight - axisWidth) / float64(len(c.ticks))
	width := vg.Length(0.8 * room / float64(len(c.bars)))
	for i, b := range c.bars {
		chart, err := plotter.NewBarChart(b.values, width)
		if err != nil {
			return err
		}
		chart.Color = t.color(b.broker, i)
		chart.LineStyle.Width = 0
		chart.Offset = width * vg.Length(float64(i)-float64(len(c.bars)-1)/2)
		p.Add(chart)
		k.add(b.label, chart)
	}
	p.X.Min, p.X.Max = -0.5, float64(len(c.ticks))-0.5
	return nil
}

func (c *chart) xTicks() plot.Ticker {
	var ticks plot.ConstantTicks
	for _, t := range c.ticks {
		ticks = append(ticks, plot.Tick{Value: t.at, Label: t.label})
	}
	return ticks
}

// yTicks are about five round numbers from 0 on.
func yTicks(_, most float64) (ticks []plot.Tick) {
	step := math.Pow(10, math.Floor(math.Log10(most/2)))
	for _, factor := range []float64{2, 2.5, 2} {
		if most/step <= 6 {
			break
		}
		step *= factor
	}
	for i := range int(most/step) + 1 {
		v := float64(i) * step
		ticks = append(ticks, plot.Tick{Value: v, Label: short(v)})
	}
	return ticks
}

// short writes a round number in as few letters as there can be.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.4g M", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.4g k", v/1e3)
	}
	return fmt.Sprintf("%.4g", v)
}
