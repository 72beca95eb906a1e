package amqp

import "encoding/binary"

// Fields are properties taken apart, for building them and for looking at all of
// them. A zero field is an absent property, so an empty string that is present
// is lost on the way; an empty table is present, a nil one absent.
type Fields struct {
	ContentType     string
	ContentEncoding string
	Headers         Table
	DeliveryMode    uint8
	Priority        uint8
	CorrelationID   string
	ReplyTo         string
	Expiration      string
	MessageID       string
	Timestamp       Timestamp
	Type            string
	UserID          string
	AppID           string
	ClusterID       string
}

// Properties puts the fields together, nil when all are zero. It panics if a
// string has more than 255 octets or the headers fail Table.Check.
func (f Fields) Properties() Properties {
	b := propertiesBuilder{p: make(Properties, 2, 64)}
	b.shortstr(FlagContentType, f.ContentType)
	b.shortstr(FlagContentEncoding, f.ContentEncoding)
	if f.Headers != nil {
		b.flags |= FlagHeaders
		b.p = appendSizedTable(b.p, f.Headers)
	}
	b.octet(FlagDeliveryMode, f.DeliveryMode)
	b.octet(FlagPriority, f.Priority)
	b.shortstr(FlagCorrelationID, f.CorrelationID)
	b.shortstr(FlagReplyTo, f.ReplyTo)
	b.shortstr(FlagExpiration, f.Expiration)
	b.shortstr(FlagMessageID, f.MessageID)
	if f.Timestamp != 0 {
		b.flags |= FlagTimestamp
		b.p = binary.BigEndian.AppendUint64(b.p, uint64(f.Timestamp))
	}
	b.shortstr(FlagType, f.Type)
	b.shortstr(FlagUserID, f.UserID)
	b.shortstr(FlagAppID, f.AppID)
	b.shortstr(FlagClusterID, f.ClusterID)

	if b.flags == 0 {
		return nil
	}
	binary.BigEndian.PutUint16(b.p, uint16(b.flags))
	return b.p
}

// Fields takes the properties apart. Its errors are Check's.
func (p Properties) Fields() (Fields, error) {
	if err := p.Check(); err != nil {
		return Fields{}, err
	}
	timestamp, _ := p.Timestamp()
	return Fields{
		ContentType:     p.ContentType(),
		ContentEncoding: p.ContentEncoding(),
		Headers:         p.Headers(),
		DeliveryMode:    p.DeliveryMode(),
		Priority:        p.Priority(),
		CorrelationID:   p.CorrelationID(),
		ReplyTo:         p.ReplyTo(),
		Expiration:      p.Expiration(),
		MessageID:       p.MessageID(),
		Timestamp:       timestamp,
		Type:            p.Type(),
		UserID:          p.UserID(),
		AppID:           p.AppID(),
		ClusterID:       p.ClusterID(),
	}, nil
}

// A propertiesBuilder collects values and remembers which there are.
type propertiesBuilder struct {
	flags PropertyFlag
	p     Properties
}

func (b *propertiesBuilder) shortstr(flag PropertyFlag, s string) {
	if s != "" {
		b.flags |= flag
		b.p = appendShortstr(b.p, s)
	}
}

func (b *propertiesBuilder) octet(flag PropertyFlag, v uint8) {
	if v != 0 {
		b.flags |= flag
		b.p = append(b.p, v)
	}
}
