// Ascending uids as the text of an RFC 9051 §9 sequence-set (`3,5:9`): how a change-log entry names its messages.

export function formatUidSet(uids: readonly number[]): string {
  const runs: string[] = []
  let first = 0
  for (let i = 0; i < uids.length; i++) {
    const next = uids[i + 1]
    const uid = uids[i] ?? 0
    if (next === uid + 1) continue
    const start = uids[first] ?? uid
    runs.push(start === uid ? `${uid}` : `${start}:${uid}`)
    first = i + 1
  }
  return runs.join(',')
}

export function parseUidSet(text: string): number[] {
  const uids: number[] = []
  if (text === '') return uids
  for (const run of text.split(',')) {
    const [from, to = from] = run.split(':').map(Number)
    if (from === undefined || to === undefined || !(from <= to)) {
      throw new Error(`not a uid set: ${text}`)
    }
    for (let uid = from; uid <= to; uid++) uids.push(uid)
  }
  return uids
}
