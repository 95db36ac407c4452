package launcher

import (
	"fmt"
	"io"
	"os"

	"github.com/golaunch/golaunch/launcher/hosts"
	"github.com/golaunch/golaunch/runtime/segment"
)

// envHydraHosts names a file of hosts, as for MPICH's mpiexec.
const envHydraHosts = "HYDRA_HOST_FILE"

// maxHostFile bounds a file of hosts, in bytes.
const maxHostFile = 16 << 20

// readHosts reads the file that -hostfile, or HYDRA_HOST_FILE, names. It may be a pipe.
func readHosts(path, flag string) ([]hosts.Host, error) {
	text, err := readAtMost(path, maxHostFile)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, path, reason(err))
	}
	return hosts.ParseFile(path, string(text))
}

// readAtMost reads a file that has at most so many bytes.
func readAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return text, err
}

// ranksByHosts is the number of ranks where none was asked for: one for each slot of the hosts, if
// there are any, else one for each usable processor.
func (p *plan) ranksByHosts() (int, error) {
	entries := p.entries()
	merged, err := hosts.Merge(p.HostFile, entries)
	if err != nil {
		return 0, p.inHosts(err)
	}
	n := hosts.Slots(merged)
	if p.PerHost > 0 {
		n = len(merged) * p.PerHost
	}
	if len(p.Hosts) == 0 && p.PerHost == 0 {
		return min(n, segment.MaxRanks), nil
	}
	if n > segment.MaxRanks {
		return 0, tooManyRanks(n)
	}
	return n, nil
}

func tooManyRanks(n int) error {
	return fmt.Errorf("%d ranks: at most %d fit on one machine", n, segment.MaxRanks)
}

// entries are the hosts to place ranks on. All names of this machine are made one.
func (p *plan) entries() []hosts.Host {
	if len(p.Hosts) == 0 {
		return []hosts.Host{{Name: p.host, Slots: p.usable}}
	}
	entries := make([]hosts.Host, len(p.Hosts))
	for i, h := range p.Hosts {
		if hosts.IsLocal(h.Name, p.host) && isMe(h.User) {
			h.Name, h.User = p.host, ""
		}
		entries[i] = h
	}
	return entries
}

// isMe reports whether a user to log in as is who runs golaunch.
func isMe(user string) bool {
	return user == "" || user == os.Getenv("USER") || user == os.Getenv("LOGNAME")
}

// place decides which rank stands where. elsewhere is the error, for when ranks are to be started, that some of the hosts are other
// machines than this one.
func (p *plan) place() (elsewhere, err error) {
	entries := p.entries()
	if p.where, err = hosts.Place(p.n, p.HostFile, entries, p.Map, p.PerHost); err != nil {
		return nil, p.inHosts(err)
	}
	for i, h := range entries {
		if h.Name == p.host && h.User == "" {
			continue
		}
		from := "-host"
		if p.HostFile != "" {
			from = fmt.Sprintf("%s:%d", p.HostFile, h.Line)
		}
		if p.hostFileFrom != "" {
			from += ", named by " + p.hostFileFrom
		}
		if hosts.IsLocal(p.Hosts[i].Name, p.host) {
			return fmt.Errorf("host %s (%s): this version of golaunch can't log in as another user (%s)", h.Name, from, h.User), nil
		}
		return fmt.Errorf("host %s (%s): this version of golaunch runs on one machine only, this one (%s)", h.Name, from, p.host), nil
	}
	return nil, nil
}

// inHosts says where hosts stood that don't go together; a file says it itself.
func (p *plan) inHosts(err error) error {
	if p.HostFile == "" {
		return fmt.Errorf("-host: %w", err)
	}
	return err
}

// crowded says that there are more ranks than slots, "" if there are not.
func (p *plan) crowded() string {
	if over := p.where.Over(); over != "" {
		return "more ranks than slots: " + over
	}
	return ""
}
