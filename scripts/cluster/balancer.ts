import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProxy, keepingTo } from "../find-proxies.mjs";
import type { Ports } from "./kept-process.ts";
import type { LocalCluster } from "./local-cluster.ts";
import { roundRobin } from "./round-robin.ts";

const deploy = new URL("../../deploy/", import.meta.url).pathname;
type Proxy = NonNullable<ReturnType<typeof findProxy>>;

/** Puts a load balancer before the nodes, with the shipped configuration where there is a proxy for it. Answers which it is. */
export function balance(cluster: LocalCluster, port: number, nodes: readonly Ports[]): string {
  const haproxy = findProxy("haproxy");
  if (haproxy) {
    const text = haproxyFor(port, nodes);
    runProxy(cluster, { name: "haproxy", proxy: haproxy, text, argumentsOf: (file) => ["-db", "-f", file] });
    return "HAProxy, deploy/haproxy.cfg";
  }
  const nginx = findProxy("nginx");
  if (nginx) {
    const text = keepingTo(cluster.folder, nginxFor(port, nodes));
    const argumentsOf = (file: string) => ["-g", "daemon off;", "-c", file];
    runProxy(cluster, { name: "nginx", proxy: nginx, text, argumentsOf });
    return "nginx, deploy/nginx.conf";
  }
  roundRobin(port, nodes);
  return "a simple one of this script's: neither HAProxy nor nginx is here";
}

function haproxyFor(port: number, nodes: readonly Ports[]): string {
  const lines = nodes.map(
    (one, index) => `  server node-${index + 1} 127.0.0.1:${one.port} check port ${one.opsPort}\n`,
  );
  return readFileSync(join(deploy, "haproxy.cfg"), "utf8")
    .replace(/( {2}server node-.*\n)+/, lines.join(""))
    .replace(":8080", `127.0.0.1:${port}`)
    .replace("maxconn 40000", "maxconn 4000");
}

function nginxFor(port: number, nodes: readonly Ports[]): string {
  const lines = nodes.map((one) => `    server 127.0.0.1:${one.port} max_fails=1 fail_timeout=2s;\n`);
  return readFileSync(join(deploy, "nginx.conf"), "utf8")
    .replace(/( {4}server node-.*\n)+/, lines.join(""))
    .replace("listen 8080", `listen 127.0.0.1:${port}`);
}

interface ProxyRun {
  name: string;
  proxy: Proxy;
  /** Its configuration. */
  text: string;
  argumentsOf: (file: string) => string[];
}

function runProxy(cluster: LocalCluster, { name, proxy, text, argumentsOf }: ProxyRun): void {
  const file = join(cluster.folder, `${name}.conf`);
  writeFileSync(file, text);
  cluster.keep(name, { port: 0, opsPort: 0 }, (log) =>
    spawn(proxy.path, argumentsOf(file), { env: { ...process.env, ...proxy.env }, stdio: ["ignore", log, log] }),
  );
}
