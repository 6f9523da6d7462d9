# SPDX-License-Identifier: GPL-2.0-or-later
"""Who sent each reset of a recording and why, as its kernel says; and reasons.map, which says what
fits that."""
import collections
import fnmatch
from dataclasses import dataclass

from packet import ACK, RST, SYN
from peers import PROGRAMS

NEAR = 0.05         # seconds between a kernel's event and its packet in the capture
WHOLE = 2**32
ENDS = ('client', 'server')
VANTAGES = ENDS + ('router',)


@dataclass
class Label:
    """What is true of one reset in one capture."""
    frame: int
    reason: str
    state: str
    sender: str      # client or server: the address it bears
    answers: str     # syn, synack, segment or nothing
    at_sender: bool  # captured where it was sent
    copy: bool = False  # the same packet is in the capture before

    @property
    def key(self):
        return self.reason, self.state, self.sender, self.answers

    def __str__(self):
        return f'{self.reason} in {self.state}, by the {self.sender}, answers {self.answers}'


class Map:
    def __init__(self, file):
        self.lines, self.silent = [], {}
        with open(file, encoding='utf-8') as lines:
            for line in lines:
                self._read(line.partition('#')[0].strip())

    def _read(self, line):
        if not line:
            return
        words, fitting = (side.split() for side in line.split('='))
        if not 1 <= len(fitting) <= 3:
            raise ValueError(f'reasons.map: one to three of them: {line}')
        if words[0] == 'NONE':
            self.silent[words[1]] = fitting
        else:
            self.lines.append((tuple(words), fitting))

    def fitting(self, label):
        return next((fitting for words, fitting in self.lines
                     if all(fnmatch.fnmatchcase(said, word)
                            for word, said in zip(words, label.key))), [])


# ---- what a reset answers, by RFC 9293 3.5.2 and nothing else


def answers(frames, rst):
    """From the frames before it, without what diag thinks."""
    before = [frame.packet for frame in frames
              if frame.number < rst.number and frame.packet.source == rst.packet.target
              and frame.packet.sport == rst.packet.dport
              and frame.packet.dport == rst.packet.sport]
    if rst.packet.flags & ACK:
        return 'syn' if any(answers_syn(rst.packet, packet) for packet in before) else 'nothing'
    for packet in reversed(before):
        if packet.flags & ACK and not packet.flags & RST and packet.ack == rst.packet.seq:
            return 'synack' if packet.flags & SYN else 'segment'
    return 'nothing'


def answers_syn(rst, packet):
    end = (packet.seq + 1 + len(packet.payload)) % WHOLE
    return rst.seq == 0 and packet.has(SYN, SYN | ACK) and rst.ack == end


# ---- who sent it, and why


def identity(frame):
    packet = frame.packet
    return (packet.source, packet.sport, packet.target, packet.dport, packet.seq, packet.ack,
            packet.flags)


def resets(recording):
    return [frame for frame in recording.frames if frame.stream is not None and frame.is_rst]


def is_of(event, packet):
    """A listener's event bears its own port, and its address if it has one."""
    if event.target[1]:
        return event.source == (packet.source, packet.sport) and \
            event.target == (packet.target, packet.dport)
    return event.source[1] == packet.sport and event.source[0] in (packet.source, '0.0.0.0', '::')


def event_of(events, frame):
    """The kernel's word on this frame: the nearest in time that nobody else took."""
    near = [event for event in events if not event.taken and is_of(event, frame.packet)
            and abs(event.time - frame.time / 1e9) < NEAR]
    if not near:
        return None
    event = min(near, key=lambda event: abs(event.time - frame.time / 1e9))
    event.taken = True
    return event


class Labeller:
    """Labels the resets of one scenario at both ends."""

    def __init__(self, play, site, events, peer=None):
        self.play, self.site, self.peer = play, site, peer
        self.events = sorted(events, key=lambda event: event.time)
        self.known = {}  # identity -> (reason, state) of what an end sent

    def side_of(self, frame):
        return 'server' if frame.packet.source in self.site.servers else 'client'

    def own(self, recordings):
        """First what each end sent itself."""
        for end in ENDS:
            for frame in resets(recordings[end]):
                if self.side_of(frame) == end:
                    self._learn(end, frame)

    def _learn(self, end, frame):
        known = self.known.setdefault((end, identity(frame)), [])
        if not known or not self.play.copies:
            known.append(self._ask(end, frame))

    def _ask(self, end, frame):
        if end == 'server' and self.play.peer in PROGRAMS:
            return self._act(frame)
        event = event_of(self.events, frame)
        if event:
            return event.reason, event.state
        return ('ROUTER', '-') if self.play.firewall == end else ('?', '?')

    def _act(self, frame):
        """The word of a stack that is no kernel."""
        return self.play.peer.upper(), self.peer.act((frame.packet.target, frame.packet.dport))

    def labels(self, recordings):
        self.own(recordings)
        taken = collections.Counter()
        found = {end: [] for end in VANTAGES}
        for end in VANTAGES:
            for frame in resets(recordings[end]):
                sender = self.side_of(frame)
                reason, state = self._why(taken, end, sender, frame)
                found[end].append(Label(frame.number, reason, state, sender,
                                        answers(recordings[end].frames, frame),
                                        end == sender and reason != 'ROUTER',
                                        self._is_copy(taken, end, sender, frame)))
        return found

    def _is_copy(self, taken, end, sender, frame):
        """Among copies nobody can tell a packet that was sent twice from one that is there twice."""
        sent = len(self.known.get((sender, identity(frame)), ()))
        if self.play.all_links and end == 'router':
            sent = min(sent, 1)
        return 0 < sent < taken[end, identity(frame)]

    def _why(self, taken, end, sender, frame):
        """The same packet, sent twice, has two reasons; what came twice has one."""
        said = self.known.get((sender, identity(frame)))
        if said:
            taken[end, identity(frame)] += 1
            return said[min(taken[end, identity(frame)], len(said)) - 1]
        if self.play.peer and sender == 'server':
            return self._act(frame)
        if self.play.forged:
            return ('OUTSIDE' if self.play.outside else 'ROUTER'), '-'
        event = event_of(self.events, frame)  # of a router that translates addresses
        return (event.reason, event.state) if event else ('?', '?')
