package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"path"
	"time"
)

// A file is one in an archive.
type file struct {
	name, from string
	mode       os.FileMode
}

// directory is what an archive unpacks to.
func (r release) directory(t target) string {
	return "harebell_" + r.version + "_" + t.system + "_" + t.machine
}

// archiveName is that of the archive for a target.
func (r release) archiveName(t target) string {
	if t.system == "windows" {
		return r.directory(t) + ".zip"
	}
	return r.directory(t) + ".tar.gz"
}

// archive packs the program with what belongs to it.
func (r release) archive(t target, binary string) (err error) {
	files := []file{
		{path.Base(binary), binary, 0o755},
		{"LICENSE", "LICENSE", 0o644},
		{"README.md", "README.md", 0o644},
		{"harebell.conf", "packaging/harebell.conf", 0o644},
	}
	if t.system == "linux" {
		files = append(files, file{"harebell.service", "packaging/harebell.service", 0o644})
	}
	for i := range files {
		files[i].name = r.directory(t) + "/" + files[i].name
	}
	out, err := os.Create(path.Join(r.out, r.archiveName(t)))
	if err != nil {
		return err
	}
	pack := packTar
	if t.system == "windows" {
		pack = packZip
	}
	if err := pack(out, files, r.at); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

func packTar(out io.Writer, files []file, at time.Time) error {
	z, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(z)
	for _, f := range files {
		body, err := os.ReadFile(f.from)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(body)), ModTime: at, Format: tar.FormatPAX}); err != nil {
			return err
		}
		if _, err := w.Write(body); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return z.Close()
}

func packZip(out io.Writer, files []file, at time.Time) error {
	w := zip.NewWriter(out)
	for _, f := range files {
		body, err := os.ReadFile(f.from)
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: at}
		h.SetMode(f.mode)
		entry, err := w.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := entry.Write(body); err != nil {
			return err
		}
	}
	return w.Close()
}
