"""Sends each query of packaging/monitoring to a Prometheus.    queries.py PROMETHEUS

A refused query is a fault. So is a query of the dashboard without a result, if every node has its metric.
"""

import json
import re
import sys
import urllib.parse
import urllib.request

# The values that Grafana inserts.
VARIABLES = {"$__rate_interval": "5s", "$job": ".*", "$instance": ".*"}
# Metrics that are absent until such an event happens, or without Redis.
EVENTFUL = re.compile(r"closes|limit_hits|broker_messages|pushes|redis_healthy|outcome!~")


def expressions():
    """Yields (where, query, whether it must have a result)."""
    with open("packaging/monitoring/dashboard.json") as file:
        for panel in json.load(file)["panels"]:
            for target in panel["targets"]:
                query = target["expr"]
                for name, value in VARIABLES.items():
                    query = query.replace(name, value)
                yield f"panel {panel['title']!r}", query, not EVENTFUL.search(query)


def ask(base, path, **parameters):
    with urllib.request.urlopen(f"{base}{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
        return json.load(answer)["data"]


def main(base):
    faults = []
    for where, query, finds in expressions():
        try:
            result = ask(base, "/api/v1/query", query=query)["result"]
        except OSError as error:
            faults.append(f"{where}: {error}: {query}")
            continue
        if finds and not result:
            faults.append(f"{where} finds nothing: {query}")
    rules = [rule for group in ask(base, "/api/v1/rules")["groups"] for rule in group["rules"]]
    faults += [f"alert {rule['name']}: {rule['lastError']}" for rule in rules if rule["health"] != "ok"]
    faults += [f"alert {rule['name']} fires on a healthy node" for rule in rules if rule["state"] == "firing"]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(list(expressions()))} queries and {len(rules)} alerts, {len(faults)} faults")
    return 1 if faults or not rules else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
