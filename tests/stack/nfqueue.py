# SPDX-License-Identifier: GPL-2.0-or-later
"""The path between client and server: every forwarded packet takes its time here, and a story may
drop or change it. Binds libnetfilter_queue by ctypes, because Debian 12 has no Python module."""
import collections
import ctypes
import os
import select
import struct
import threading
import time
import traceback

from packet import Packet

QUEUE = 0
DROP, ACCEPT = 0, 1
COPY_WHOLE_PACKET = 2
MAX_PACKET = 0xffff
MAX_QUEUED = 4096

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
                            ctypes.c_void_p)
SIGNATURES = {
    'nfq_open': (ctypes.c_void_p,),
    'nfq_close': (ctypes.c_int, ctypes.c_void_p),
    'nfq_create_queue': (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint16, CALLBACK,
                         ctypes.c_void_p),
    'nfq_destroy_queue': (ctypes.c_int, ctypes.c_void_p),
    'nfq_set_mode': (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint8, ctypes.c_uint),
    'nfq_set_queue_maxlen': (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32),
    'nfq_fd': (ctypes.c_int, ctypes.c_void_p),
    'nfq_handle_packet': (ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int),
    'nfq_get_msg_packet_hdr': (ctypes.c_void_p, ctypes.c_void_p),
    'nfq_get_payload': (ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)),
    'nfq_set_verdict': (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32,
                        ctypes.c_uint32, ctypes.c_char_p),
}


def library():
    lib = ctypes.CDLL('libnetfilter_queue.so.1', use_errno=True)
    for name, (result, *arguments) in SIGNATURES.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


class Path(threading.Thread):
    """Holds each packet for `delay` seconds. `meddle(packet)` decides first: True lets it pass, as
    changed in place, False loses it."""

    def __init__(self, namespace, delay):
        super().__init__(daemon=True)
        self.namespace, self.delay = namespace, delay
        self.meddle = lambda packet: True
        self.error = None
        self.lib = library()
        self.waiting = collections.deque()  # (due, id, bytes); one delay for all keeps it sorted
        self.ending = threading.Event()
        self.ready = threading.Event()
        self.start()
        self.ready.wait()
        self.check()

    def check(self):
        if self.error:
            raise RuntimeError(f'the path failed:\n{self.error}')

    def close(self):
        self.ending.set()
        self.join()

    def run(self):
        try:
            with self.namespace.inside():
                self._serve()
        except Exception:  # the story's thread reports it
            self.error = traceback.format_exc()
        self.ready.set()

    def _serve(self):
        handle = self.lib.nfq_open()
        self.callback = CALLBACK(self._arrived)
        self.queue = self.lib.nfq_create_queue(handle, QUEUE, self.callback, None)
        if not self.queue:
            raise OSError(ctypes.get_errno(), 'cannot bind NFQUEUE')
        self.lib.nfq_set_mode(self.queue, COPY_WHOLE_PACKET, MAX_PACKET)
        self.lib.nfq_set_queue_maxlen(self.queue, MAX_QUEUED)
        self.ready.set()
        self._loop(handle, self.lib.nfq_fd(handle))
        self.lib.nfq_destroy_queue(self.queue)
        self.lib.nfq_close(handle)

    def _loop(self, handle, fd):
        while not self.ending.is_set():
            if select.select([fd], [], [], self._until_due())[0]:
                message = os.read(fd, MAX_PACKET + 4096)
                self.lib.nfq_handle_packet(handle, message, len(message))
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, number, changed = self.waiting.popleft()
                self._verdict(number, ACCEPT, changed)

    def _until_due(self):
        if not self.waiting:
            return 0.05
        return max(0, min(0.05, self.waiting[0][0] - time.monotonic()))

    def _arrived(self, _queue, _message, packet_data, _context):
        header = self.lib.nfq_get_msg_packet_hdr(packet_data)
        number = struct.unpack('!I', ctypes.string_at(header, 4))[0]
        start = ctypes.c_void_p()
        size = self.lib.nfq_get_payload(packet_data, ctypes.byref(start))
        self._judge(number, ctypes.string_at(start.value, size))
        return 0

    def _judge(self, number, data):
        packet = Packet(data)
        try:
            passes = self.meddle(packet)
        except Exception:  # an exception must not unwind through C
            self.error = traceback.format_exc()
            passes = False
        if not passes:
            self._verdict(number, DROP, None)
            return
        changed = packet.seal() if packet.data != data else None
        self.waiting.append((time.monotonic() + self.delay, number, changed))

    def _verdict(self, number, verdict, changed):
        size = len(changed) if changed else 0
        self.lib.nfq_set_verdict(self.queue, number, verdict, size, changed)
