"""A switch in user space between three hosts on one machine, which drops, delays and loses packets on command.

The hosts `one` and `two` are network namespaces (10.77.0.1 and 10.77.0.2), and `three` is this machine at 10.77.0.3. This
machine also has the address 10.77.0.9 for observers, which no fault affects. Needs root. `switch.py NAMESPACE NAMESPACE`
creates the namespaces, and removes them when its input ends. Each line of the input is a command, answered with `ok`:

    cut one three            drop what one sends to three
    lossy one three 30 200   lose 30 % of the packets between them, and deliver the others after 200 ms, both ways
    fine                     no faults
"""

import fcntl
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x0001 | 0x1000
HOSTS = {"one": "10.77.0.1", "two": "10.77.0.2", "three": "10.77.0.3", "watch": "10.77.0.9"}
PACKET = 65536
# The queue length of each host's port, so that a burst waits and is not lost.
QUEUE = "10000"


def run(*command):
    subprocess.run(command, check=True)


def open_port(name):
    port = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(port, TUNSETIFF, struct.pack("16sH", name.encode(), TUN_WITHOUT_HEADER))
    return port


def address(host):
    return socket.inet_aton(HOSTS[host])


class Switch:
    def __init__(self, namespaces):
        self.namespaces = namespaces
        self.ports = {}  # by address
        self.dropped = set()  # pairs of addresses
        self.lossy = {}  # (share, seconds) by pair
        self.delayed = []  # a heap of (time, number, address, packet)
        self.number = 0

    def make(self):
        for host, namespace in zip(("one", "two"), self.namespaces):
            run("ip", "netns", "add", namespace)
            self.ports[address(host)] = self.attach(namespace, [host])
        self.ports[address("three")] = self.ports[address("watch")] = self.attach(None, ["watch", "three"])

    def attach(self, namespace, hosts):
        name = f"switch-{hosts[-1]}"
        port = open_port(name)
        inside = []
        if namespace:
            run("ip", "link", "set", name, "netns", namespace)
            inside = ["ip", "netns", "exec", namespace]
            run(*inside, "ip", "link", "set", "lo", "up")
        for host in hosts:
            run(*inside, "ip", "address", "add", HOSTS[host] + "/24", "dev", name)
        run(*inside, "ip", "link", "set", name, "txqueuelen", QUEUE, "up")
        return port

    def remove(self):
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "delete", namespace], check=False)

    def obey(self, line):
        match line.split():
            case ["cut", sender, receiver]:
                self.dropped.add((address(sender), address(receiver)))
            case ["lossy", one, other, share, delay]:
                for pair in ((one, other), (other, one)):
                    self.lossy[address(pair[0]), address(pair[1])] = int(share) / 100, int(delay) / 1000
            case ["fine"]:
                self.dropped.clear()
                self.lossy.clear()
            case _:
                sys.exit(f"switch: unknown: {line}")
        print("ok", flush=True)

    def forward(self, packet):
        if packet[0] >> 4 != 4:
            return
        sender, receiver = packet[12:16], packet[16:20]
        if receiver not in self.ports or (sender, receiver) in self.dropped:
            return
        share, delay = self.lossy.get((sender, receiver), (0, 0))
        if share and random.random() < share:
            return
        if delay:
            self.number += 1
            heapq.heappush(self.delayed, (time.monotonic() + delay, self.number, receiver, packet))
        else:
            self.send(receiver, packet)

    def send(self, receiver, packet):
        try:
            os.write(self.ports[receiver], packet)
        except (BlockingIOError, OSError):
            pass  # the host has no space: lost, as on any network

    def serve(self):
        commands = os.fdopen(0, buffering=1)
        ports = list(set(self.ports.values()))
        print("ok", flush=True)
        while True:
            wait = max(0, self.delayed[0][0] - time.monotonic()) if self.delayed else None
            readable, _, _ = select.select([*ports, commands], [], [], wait)
            now = time.monotonic()
            while self.delayed and self.delayed[0][0] <= now:
                _, _, receiver, packet = heapq.heappop(self.delayed)
                self.send(receiver, packet)
            for port in readable:
                if port is not commands:
                    self.drain(port)
            if commands in readable:
                line = commands.readline()
                if not line:
                    return
                self.obey(line)

    def drain(self, port):
        for _ in range(64):
            try:
                self.forward(os.read(port, PACKET))
            except BlockingIOError:
                return


def main():
    switch = Switch(sys.argv[1:3])
    try:
        switch.make()
        switch.serve()
    finally:
        switch.remove()


main()
