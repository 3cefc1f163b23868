"""
A network of network namespaces in one process: each node has a namespace with one TUN device, and every packet between two of
them passes here, where it waits, is lost, meets a router that translates addresses, or a cut. It needs no kernel
module but TUN, and nothing of it reaches the machine's own network.

Standard input: one JSON object {"nodes": [{"name", "address", "delayMs", "loss", "isBehindRouter"}, ...]}, then commands, a line each:
    cut NAME NAME ... | NAME ...    only what stands on one side reaches each other
    heal
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
        self.behind = facts.get("isBehindRouter", False)
        self.inside = bytes([192, 168, self.outside[1], 2]) if self.behind else self.outside
        # Who was written to from which port may answer there.
        self.flows = set()
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


def summed(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def rewritten(packet, at, address):
    """The packet with another address at 12 (source) or 16 (destination); checksums as RFC 1624 mends them."""
    out = bytearray(packet)
    header = (packet[0] & 15) * 4
    old = bytes(packet[at : at + 4])
    out[at : at + 4] = address
    places = [10]
    if packet[9] == TCP:
        places.append(header + 16)
    if packet[9] == UDP and packet[header + 6 : header + 8] != b"\0\0":
        places.append(header + 6)
    for place in places:
        before = struct.unpack_from("!H", out, place)[0]
        total = (~before & 0xFFFF) + (~summed(old) & 0xFFFF) + summed(address)
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
        sender.flows.add(flow(packet, True))
        packet = rewritten(packet, 12, sender.outside)
    to = nodes.get(bytes(packet[16:20]))
    if to is None or to.side != sender.side:
        return None
    if random.random() < sender.loss or random.random() < to.loss:
        return None
    if to.behind:
        if flow(packet, False) not in to.flows:
            return None
        packet = rewritten(packet, 16, to.inside)
    return to, packet


def command(line, by_name):
    words = line.split()
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
