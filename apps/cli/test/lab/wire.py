"""
A network of network namespaces in one process: each node has a namespace with one TUN device, and every packet between two of
them passes here, where it waits, is lost, meets a router that translates addresses, or a cut. It needs no kernel
module but TUN, and nothing of it reaches the machine's own network.

Standard input: one JSON object {"nodes": [{"name", "address", "delayMs", "loss", "router"}, ...]}, then commands, a line each:
    cut NAME NAME ... | NAME ...    only what stands on one side reaches each other
    heal
    put NAME cone|symmetric         its router is another from now on, which knows nothing of before
A router gives each port inside one of its own outside (cone), or one for each that is written to (symmetric), and lets in only
what comes from an address and port that was written to from there (RFC 4787: address- and port-dependent filtering).
Standard output: "ready", then "done" for each command. At the end of input everything is gone.
"""
import ctypes
import fcntl
import heapq
import json
import os
import random
import selectors
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
TCP, UDP = 6, 17
PACKET_MAX = 65536
# What waits for its time; a network that is asked for more loses it, as routers do.
WAITING_MAX = 20000

libc = ctypes.CDLL(None, use_errno=True)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def enter(path):
    with open(path) as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns " + path)


class Node:
    def __init__(self, facts):
        self.name = facts["name"]
        self.outside = bytes(map(int, facts["address"].split(".")))
        self.delay = facts.get("delayMs", 0) / 1000
        self.loss = facts.get("loss", 0)
        self.router = facts.get("router")
        self.behind = self.router is not None
        self.inside = bytes([192, 168, self.outside[1], 2]) if self.behind else self.outside
        self.forget()
        self.side = 0
        ip("netns", "add", self.name)
        enter("/var/run/netns/" + self.name)
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH", b"wire", IFF_TUN | IFF_NO_PI))
        enter(HOME)
        address = ".".join(map(str, self.inside))
        ip("-n", self.name, "link", "set", "lo", "up")
        ip("-n", self.name, "addr", "add", address + "/32", "dev", "wire")
        ip("-n", self.name, "link", "set", "wire", "up", "mtu", "1400")
        ip("-n", self.name, "route", "add", "default", "dev", "wire")


    def forget(self):
        # Who was written to from which port outside may answer there.
        self.flows = set()
        # Ports outside of ports inside, and back.
        self.outer, self.inner = {}, {}
        self.port_next = random.randrange(20000, 30000)

    def port_out(self, packet):
        header = (packet[0] & 15) * 4
        ours, theirs = struct.unpack_from("!HH", packet, header)
        key = (packet[9], ours)
        if self.router == "symmetric":
            key += (bytes(packet[16:20]), theirs)
        if key not in self.outer:
            self.port_next += 1
            self.outer[key] = self.port_next
            self.inner[packet[9], self.port_next] = ours
        return self.outer[key]


def summed(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def rewritten(packet, at, address, port):
    """The packet with another address and port at 12 (source) or 16 (destination); checksums as RFC 1624 mends them."""
    out = bytearray(packet)
    header = (packet[0] & 15) * 4
    port_at = header if at == 12 else header + 2
    before_address, before_port = bytes(packet[at : at + 4]), bytes(packet[port_at : port_at + 2])
    port = struct.pack("!H", port)
    out[at : at + 4] = address
    out[port_at : port_at + 2] = port
    places = [(10, before_address, address)]
    if packet[9] == TCP:
        places.append((header + 16, before_address + before_port, address + port))
    if packet[9] == UDP and packet[header + 6 : header + 8] != b"\0\0":
        places.append((header + 6, before_address + before_port, address + port))
    for place, old, new in places:
        before = struct.unpack_from("!H", out, place)[0]
        total = (~before & 0xFFFF) + (~summed(old) & 0xFFFF) + summed(new)
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        struct.pack_into("!H", out, place, ~total & 0xFFFF)
    return bytes(out)


def flow(packet, is_out):
    header = (packet[0] & 15) * 4
    source, target = struct.unpack_from("!HH", packet, header)
    ours, theirs = (source, target) if is_out else (target, source)
    other = bytes(packet[16:20] if is_out else packet[12:16])
    return (packet[9], ours, other, theirs)


def route(packet, sender, nodes):
    """Where it goes, and as what; nothing where it is lost."""
    if packet[0] >> 4 != 4 or packet[9] not in (TCP, UDP):
        return None
    if sender.behind:
        packet = rewritten(packet, 12, sender.outside, sender.port_out(packet))
        sender.flows.add(flow(packet, True))
    to = nodes.get(bytes(packet[16:20]))
    if to is None or to.side != sender.side:
        return None
    if random.random() < sender.loss or random.random() < to.loss:
        return None
    if to.behind:
        came = flow(packet, False)
        if came not in to.flows:
            return None
        packet = rewritten(packet, 16, to.inside, to.inner[came[0], came[1]])
    return to, packet


def command(line, by_name):
    words = line.split()
    if words[0] == "put":
        by_name[words[1]].router = words[2]
        by_name[words[1]].forget()
        print("done", flush=True)
        return
    side = 1
    for node in by_name.values():
        node.side = 0
    for word in words[1:]:
        if word == "|":
            side += 1
        else:
            by_name[word].side = side
    print("done", flush=True)


def main():
    facts = json.loads(sys.stdin.readline())
    by_name = {one["name"]: Node(one) for one in facts["nodes"]}
    nodes = {node.outside: node for node in by_name.values()}
    selector = selectors.DefaultSelector()
    for node in nodes.values():
        selector.register(node.tun, selectors.EVENT_READ, node)
    os.set_blocking(0, False)
    selector.register(0, selectors.EVENT_READ, None)
    waiting, count, said = [], 0, b""
    print("ready", flush=True)
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for key, _ in selector.select(timeout):
            if key.data is None:
                read = os.read(0, 4096)
                if read == b"":
                    return
                *lines, said = (said + read).split(b"\n")
                for line in lines:
                    command(line.decode(), by_name)
                continue
            for _ in range(64):
                try:
                    packet = os.read(key.fd, PACKET_MAX)
                except BlockingIOError:
                    break
                found = route(packet, key.data, nodes)
                if found is not None and len(waiting) < WAITING_MAX:
                    to, packet = found
                    count += 1
                    heapq.heappush(waiting, (time.monotonic() + key.data.delay + to.delay, count, to.tun, packet))
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, tun, packet = heapq.heappop(waiting)
            try:
                os.write(tun, packet)
            except (BlockingIOError, OSError):
                pass


# The namespace that this process began in, held open while it visits others.
HOME = "/proc/self/fd/%d" % os.open("/proc/self/ns/net", os.O_RDONLY)

if __name__ == "__main__":
    main()
