import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import * as z from "zod";
import { settingNames } from "../../config/settings.ts";
import { findProxy, keepingTo } from "../../scripts/find-proxies.mjs";
import { commands } from "../../src/cli/commands.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(root, "deploy", file), "utf8");
/** The nodes' names resolve where they run; here they are this machine. */
const onThisMachine = (text: string) => text.replaceAll(/node-\d:3000/g, "127.0.0.1:3000");

async function checkWith(proxy: string, text: string, argumentsOf: (file: string) => string[]) {
  const found = findProxy(proxy)!;
  const folder = await mkdtemp(join(tmpdir(), "sotto-deploy-"));
  try {
    const file = join(folder, "proxy.conf");
    const here = onThisMachine(text);
    await writeFile(file, proxy === "nginx" ? keepingTo(folder, here) : here);
    const env = { ...process.env, ...found.env };
    return spawnSync(found.path, argumentsOf(file), { encoding: "utf8", env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe("what deploy/ ships", () => {
  const nginx = (text: string) => checkWith("nginx", text, (file) => ["-t", "-c", file]);
  const haproxy = (text: string) => checkWith("haproxy", text, (file) => ["-c", "-f", file]);

  it("is a configuration that nginx takes", async function () {
    if (!findProxy("nginx")) this.skip();
    const { status, stderr } = await nginx(read("nginx.conf"));
    expect(status, stderr).to.equal(0);
    expect((await nginx(read("nginx.conf").replace("least_conn", "least_con"))).status).not.to.equal(0);
  });

  it("is a configuration that HAProxy takes", async function () {
    if (!findProxy("haproxy")) this.skip();
    const { status, stderr } = await haproxy(read("haproxy.cfg"));
    expect(status, stderr).to.equal(0);
    expect((await haproxy(read("haproxy.cfg").replace("leastconn", "leastcon"))).status).not.to.equal(0);
  });

  const known = new Set<string>(settingNames.flatMap((name) => [name, `${name}_FILE`]));
  const expectSettings = (given: Record<string, unknown>) =>
    expect(Object.keys(given).filter((name) => !known.has(name))).to.deep.equal([]);

  it("is a compose file whose services, secrets and settings exist", () => {
    const service = z.object({
      image: z.string().optional(),
      build: z.object({ context: z.literal(".."), dockerfile: z.literal("deploy/Dockerfile") }).optional(),
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.string()).optional(),
      secrets: z.array(z.string()).optional(),
      depends_on: z.union([z.array(z.string()), z.record(z.string(), z.object({ condition: z.string() }))]).optional(),
    });
    const compose = z
      .object({
        services: z.record(z.string(), service),
        secrets: z.record(z.string(), z.object({ file: z.string() })),
      })
      .parse(parse(read("compose.yaml"), { merge: true }));
    for (const [name, one] of Object.entries(compose.services)) {
      expect(one.image !== undefined || one.build !== undefined, name).to.equal(true);
      for (const secret of one.secrets ?? []) expect(compose.secrets, name).to.have.property(secret);
      const needs = Array.isArray(one.depends_on) ? one.depends_on : Object.keys(one.depends_on ?? {});
      for (const other of needs) expect(compose.services, name).to.have.property(other);
      if (one.build === undefined) continue;
      expectSettings(one.environment ?? {});
      expect(Object.keys(commands)).to.include(one.command?.[0] ?? "start");
    }
    const nodes = Object.keys(compose.services).filter((name) => name.startsWith("node-"));
    for (const file of ["nginx.conf", "haproxy.cfg"])
      for (const node of nodes) expect(read(file)).to.include(`${node}:3000`);
  });

  it("are Kubernetes manifests whose settings, ports and paths exist", () => {
    const names = readdirSync(join(root, "deploy/kubernetes"));
    const documents = names.flatMap((name) => parseAllDocuments(read(`kubernetes/${name}`)).map((one) => one.toJS()));
    const manifest = z.object({ apiVersion: z.string(), kind: z.string(), metadata: z.object({ name: z.string() }) });
    const probe = z.object({ httpGet: z.object({ path: z.enum(["/livez", "/readyz"]), port: z.literal("ops") }) });
    const container = z.object({
      args: z.tuple([z.enum(["start", "worker", "migrate"])]),
      ports: z
        .array(z.object({ name: z.string(), containerPort: z.union([z.literal(3000), z.literal(9100)]) }))
        .optional(),
      readinessProbe: probe.optional(),
      livenessProbe: probe.optional(),
    });
    const pod = z.object({
      terminationGracePeriodSeconds: z.number().optional(),
      containers: z.array(container),
    });
    const kinds = documents.map((one) => manifest.parse(one).kind);
    expect(kinds).to.include.members([
      "Deployment",
      "Job",
      "Service",
      "Ingress",
      "PodDisruptionBudget",
      "Secret",
      "ConfigMap",
    ]);
    let drainSeconds = Infinity;
    for (const one of documents as Record<string, Record<string, unknown>>[]) {
      if (one["kind"] === ("ConfigMap" as never)) {
        expectSettings(one["data"]!);
        drainSeconds = Number(one["data"]!["DRAIN_SECONDS"]);
      }
      if (one["kind"] === ("Secret" as never)) expectSettings(one["stringData"]!);
    }
    for (const one of documents as { kind: string; spec: { template: { spec: unknown } } }[]) {
      if (one.kind !== "Deployment" && one.kind !== "Job") continue;
      const { terminationGracePeriodSeconds } = pod.parse(one.spec.template.spec);
      if (one.kind === "Deployment") expect(terminationGracePeriodSeconds).to.be.greaterThan(drainSeconds);
    }
  });

  it("is an image that runs the command by names that the package has", () => {
    const dockerfile = read("Dockerfile");
    const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { bin: { sotto: string } };
    expect(dockerfile).to.include(bin.sotto.replace("./", ""));
    expect(dockerfile).to.match(/USER node/);
  });

  it("is a Procfile whose processes are commands", () => {
    const lines = readFileSync(join(root, "Procfile"), "utf8").trim().split("\n");
    const processes = new Map(lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    expect([...processes.keys()]).to.deep.equal(["web", "worker", "release"]);
    for (const [name, command] of [
      ["worker", "worker"],
      ["release", "migrate"],
    ] as const) {
      // In a clone that nobody has built yet, too; and the signal to stop reaches Sotto, not a shell.
      expect(processes.get(name)).to.equal(
        `node scripts/build-if-stale.mjs && exec node dist/src/cli/main.js ${command}`,
      );
    }
    expect(processes.get("web")).to.equal("npm start");
  });
});
