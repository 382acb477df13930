// A client of the kind that imaptest is: believes nothing, keeps what it was told of its mailbox and holds every response against that.
// What it finds wrong is an error.

import { expect } from 'vitest'
import { ImapClient } from './imap-client.ts'

/** What an answer may refuse although the command was right: others were faster. */
const excuses = ['EXPUNGEISSUED', 'UNAVAILABLE', 'NONEXISTENT']

export type Told = { readonly status: string; readonly text: string; readonly untagged: string[] }

export class StressClient {
  readonly #client: ImapClient
  /** By sequence number: the uid, 0 as long as it was not told. */
  #uids: number[] = []
  /** What never changes of a message, by uid, from whichever client told it first. */
  readonly #constants: Map<string, string>
  #tags = 0
  #folder = ''
  #vanishes = false
  #highestModSeq = 0
  #readOnly = false

  private constructor(client: ImapClient, constants: Map<string, string>) {
    this.#client = client
    this.#constants = constants
  }

  static async login(
    port: number,
    login: string,
    {
      enable = '',
      constants,
    }: { readonly enable?: string; readonly constants: Map<string, string> },
  ): Promise<StressClient> {
    const client = new StressClient(await ImapClient.login(port, login), constants)
    if (enable !== '') await client.say(`ENABLE ${enable}`)
    client.#vanishes = enable.includes('QRESYNC')
    return client
  }

  get count(): number {
    return this.#uids.length
  }

  get uids(): readonly number[] {
    return this.#uids
  }

  close(): void {
    this.#client.close()
  }

  async select(folder: string, command = 'SELECT'): Promise<void> {
    this.#uids = []
    this.#folder = folder
    this.#highestModSeq = 0
    this.#readOnly = command === 'EXAMINE'
    await this.say(`${command} ${folder}`)
    await this.learn()
  }

  /** Every number's uid. */
  async learn(): Promise<void> {
    if (this.count > 0) await this.say('FETCH 1:* (UID FLAGS)')
    else await this.say('NOOP')
  }

  async say(command: string): Promise<Told> {
    const [told] = await this.pipeline([command])
    if (told === undefined) throw new Error('no answer')
    return told
  }

  /** All at once, answers in order. */
  async pipeline(commands: readonly string[]): Promise<readonly Told[]> {
    const tagged = commands.map((command) => ({ tag: `s${++this.#tags}`, command }))
    this.#client.send(tagged.map(({ tag, command }) => `${tag} ${command}\r\n`).join(''))
    const answers: Told[] = []
    for (const { tag, command } of tagged) answers.push(await this.#answer(tag, command))
    return answers
  }

  /** IDLE until something is told or `woken` resolves. */
  async idle(woken: Promise<void>): Promise<void> {
    const tag = `s${++this.#tags}`
    this.#client.send(`${tag} IDLE\r\n`)
    expect(await this.#client.line()).toMatch(/^\+ /)
    await woken
    this.#client.send('\r\nDONE\r\n')
    await this.#answer(tag, 'IDLE')
  }

  async #answer(tag: string, command: string): Promise<Told> {
    const untagged: string[] = []
    for (;;) {
      const line = await this.#client.line()
      if (line.startsWith('* ')) {
        untagged.push(line.slice(2))
        this.#hear(line.slice(2), command)
        continue
      }
      const [heard, status = '', ...words] = line.split(' ')
      const text = words.join(' ')
      expect(heard, `${command}: ${line}`).toBe(tag)
      const code = /^\[(\w+)/.exec(text)?.[1] ?? ''
      const excused =
        status === 'NO' && (excuses.includes(code) || (this.#readOnly && code === 'NOPERM'))
      if (status !== 'OK' && !excused) throw new Error(`${command}: ${line}`)
      this.#hearModSeq(text)
      return { status, text, untagged }
    }
  }

  #hear(line: string, command: string): void {
    const [, number, word = ''] = /^(\d+) (\w+)/.exec(line) ?? []
    const n = Number(number)
    this.#hearModSeq(line)
    if (line.startsWith('BYE')) throw new Error(`${command}: ${line}`)
    if (line.startsWith('VANISHED ')) this.#hearVanished(line, command)
    if (word === 'EXISTS') {
      expect(n, `${command}: EXISTS never goes down`).toBeGreaterThanOrEqual(this.count)
      while (this.count < n) this.#uids.push(0)
    }
    if (word === 'EXPUNGE') {
      expect(this.#vanishes, `${command}: VANISHED in place of EXPUNGE`).toBe(false)
      this.#mayExpunge(command)
      expect(n, `${command}: ${line} of ${this.count}`).toBeLessThanOrEqual(this.count)
      expect(n).toBeGreaterThan(0)
      this.#uids.splice(n - 1, 1)
    }
    if (word === 'FETCH') this.#hearFetch(n, line, command)
  }

  /** RFC 9051 §7.5.1 */
  #mayExpunge(command: string): void {
    expect(command, 'no EXPUNGE here').not.toMatch(/^(?:FETCH|STORE|SEARCH|COPY)/)
  }

  #hearFetch(n: number, line: string, command: string): void {
    expect(n, `${command}: ${line} of ${this.count}`).toBeLessThanOrEqual(this.count)
    const uid = Number(/[( ]UID (\d+)/.exec(line)?.[1] ?? 0)
    if (uid > 0) {
      const known = this.#uids[n - 1] ?? 0
      if (known > 0) expect(uid, `${command}: a number keeps its uid`).toBe(known)
      this.#uids[n - 1] = uid
      const told = this.#uids.filter((each) => each > 0)
      expect(told, 'uids ascend').toEqual([...new Set(told)].sort((a, b) => a - b))
    }
    const of = this.#uids[n - 1] ?? 0
    for (const item of [
      'RFC822.SIZE \\d+',
      'INTERNALDATE "[^"]*"',
      'BODY\\[\\] \\{\\d+\\}\r\n.*?END',
    ]) {
      const value = new RegExp(item, 's').exec(line)?.[0]
      if (value === undefined || of === 0) continue
      const key = `${this.#folder} ${of} ${item}`
      expect(value, `${command}: uid ${of} stays what it is`).toBe(
        this.#constants.get(key) ?? value,
      )
      this.#constants.set(key, value)
    }
  }

  #hearVanished(line: string, command: string): void {
    expect(this.#vanishes, `${command}: ${line}`).toBe(true)
    this.#mayExpunge(command)
    for (const range of (line.split(' ')[1] ?? '').split(',')) {
      const [first = 0, last = first] = range.split(':').map(Number)
      for (let uid = first; uid <= last; uid++) {
        const gone = this.#placeOf(uid)
        expect(gone, `${command}: ${line} of ${this.#uids}`).toBeGreaterThanOrEqual(0)
        this.#uids.splice(gone, 1)
      }
    }
  }

  /** Where the message is, or one whose uid was not told and that can be it; -1 for none. */
  #placeOf(uid: number): number {
    const next = this.#uids.findIndex((known) => known >= uid)
    if (this.#uids[next] === uid) return next
    const at = (next < 0 ? this.count : next) - 1
    return this.#uids[at] === 0 ? at : -1
  }

  #hearModSeq(text: string): void {
    const modSeq = Number(/\[HIGHESTMODSEQ (\d+)\]/.exec(text)?.[1] ?? 0)
    if (modSeq === 0) return
    expect(modSeq, 'HIGHESTMODSEQ never goes down').toBeGreaterThanOrEqual(this.#highestModSeq)
    this.#highestModSeq = modSeq
  }
}
