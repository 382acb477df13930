// CPU seconds of a process and all that it started, those included that have ended (Linux).

import { readdir, readFile } from 'node:fs/promises'

const TICKS_PER_SECOND = 100

export async function cpuOfFamily(pid: number): Promise<number> {
  const all = await Promise.all(
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(statOf),
  )
  const children = new Map<number, Stat[]>()
  for (const stat of all) {
    if (stat === undefined) continue
    const siblings = children.get(stat.parent) ?? []
    siblings.push(stat)
    children.set(stat.parent, siblings)
  }
  const sum = (stat: Stat): number =>
    (children.get(stat.pid) ?? []).reduce((ticks, child) => ticks + sum(child), stat.ticks)
  const own = all.find((stat) => stat?.pid === pid)
  return own === undefined ? Number.NaN : sum(own) / TICKS_PER_SECOND
}

type Stat = { readonly pid: number; readonly parent: number; readonly ticks: number }

async function statOf(name: string): Promise<Stat | undefined> {
  try {
    const text = await readFile(`/proc/${name}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [user = 0, system = 0, ofChildren = 0, systemOfChildren = 0] = fields.slice(11, 15)
    return {
      pid: Number(name),
      parent: fields[1] ?? 0,
      ticks: user + system + ofChildren + systemOfChildren,
    }
  } catch {
    // It has just ended; its parent has its time.
    return undefined
  }
}
