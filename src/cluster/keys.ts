/**
 * Everything of ours in Redis. Nothing here is the truth: all of it may vanish at any time, and comes back by itself.
 *
 * | key or channel                    | type    | lives for                | written by                     |
 * | --------------------------------- | ------- | ------------------------ | ------------------------------ |
 * | sotto:push#…                      | channel | –                        | classic and sharded adapters   |
 * | sotto:push-request#…, -response#… | channel | –                        | classic adapter                |
 * | sotto:pushes                      | stream  | about 10,000 entries     | streams adapter                |
 * | sotto:limit:BUCKET:SUBJECT        | string  | a minute after it is full | rate limiter                   |
 * | sotto:presence:user:USER          | hash    | a day, renewed by turns  | presence: join, heartbeat      |
 * | sotto:presence:node:NODE          | set     | a day, renewed by turns  | presence: join, heartbeat      |
 * | sotto:presence:nodes              | zset    | a day after its last use | presence: heartbeat, reaping   |
 * | sotto:presence:seen:USER          | string  | 30 days                  | presence: whenever one leaves  |
 * | sotto:presence:changed:USER       | channel | –                        | presence                       |
 * | sotto:jobs:…                      | several | jobs and their outcomes  | BullMQ, in workers             |
 */
export const keys = {
  pushChannel: "sotto:push",
  pushStream: "sotto:pushes",
  limit: (bucket: string, subject: string) => `sotto:limit:${bucket}:${subject}`,
  presenceUser: (user: string) => `sotto:presence:user:${user}`,
  presenceNode: (node: string) => `sotto:presence:node:${node}`,
  presenceNodes: "sotto:presence:nodes",
  presenceSeen: (user: string) => `sotto:presence:seen:${user}`,
  /** As BullMQ names the jobs of a queue, and what keeps a user's from being there twice. */
  wakes: "sotto:jobs:wakes",
  wakeOnce: (user: string) => `sotto:jobs:wakes:de:${user}`,
  presenceChanged: (user: string) => `sotto:presence:changed:${user}`,
} as const;
