// Messages of the DNS (RFC 1035 §4) for what asks by itself: one question, and what of an answer stands in its first section. Nothing in an
// answer makes more work than in proportion to its bytes.

// RFC 1035 §2.3.4.
const LABEL_BYTES_MAX = 63
const NAME_BYTES_MAX = 253
const RECORDS_MAX = 64
/** Names in an answer may refer to others before them. */
const POINTERS_MAX = 16

export const recordTypes = { A: 1, CNAME: 5, MX: 15, TXT: 16, AAAA: 28, TLSA: 52 } as const
export type AskedType = keyof typeof recordTypes

export type AnswerMessage = {
  /** RFC 1035 §4.1.1: 0 for no error, 3 where the name does not exist. */
  readonly rcode: number
  /** There is more than fits: ask over TCP. */
  readonly isCut: boolean
  /** RFC 4035 §3.2.3: the name server has validated all of it. Worth what the server and the way to it are. */
  readonly isAuthentic: boolean
  /** Undefined where they cannot be read. */
  readonly records: readonly AnswerRecord[] | undefined
}

export type AnswerRecord = {
  /** In lower case. */
  readonly owner: string
  readonly type: number
  readonly ttlSeconds: number
  /** Names in it (CNAME, MX) are written out, as text. */
  readonly data: Buffer
}

export const NXDOMAIN = 3

/** Whether a message can be made of it: labels may hold any octet. */
export function canBeAsked(name: string): boolean {
  if (name.length > NAME_BYTES_MAX || /[^\x00-\xff]/.test(name)) return false
  return name.split('.').every((label) => label.length > 0 && label.length <= LABEL_BYTES_MAX)
}

const HEADER_BYTES = 12

/** RFC 1035 §4.1. `validated`: the server is asked to say what it has validated (RFC 6840 §5.7), in more than 512 bytes (RFC 6891). */
export function writeQuestion(
  id: number,
  name: string,
  type: AskedType,
  { validated }: { readonly validated: boolean } = { validated: false },
): Buffer {
  const labels = name.split('.').map((label) => {
    const bytes = Buffer.from(label, 'latin1')
    return Buffer.concat([Buffer.from([bytes.length]), bytes])
  })
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(RECURSION_DESIRED | (validated ? AUTHENTIC : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(validated ? 1 : 0, 10)
  const asked = Buffer.from([0, 0, recordTypes[type], 0, CLASS_IN])
  return Buffer.concat([header, ...labels, asked, ...(validated ? [optRecord] : [])])
}

/** Undefined for what is no answer to the question. */
export function readAnswer(message: Buffer, question: Buffer): AnswerMessage | undefined {
  const asked = questionBytes(question)
  const end = HEADER_BYTES + asked.length
  if (message.length < end || message.readUInt16BE(0) !== question.readUInt16BE(0)) return undefined
  const flags = message.readUInt16BE(2)
  const isAnswer = (flags & RESPONSE) !== 0 && message.readUInt16BE(4) === 1
  if (!isAnswer || !isSameName(message.subarray(HEADER_BYTES, end), asked)) return undefined
  return {
    rcode: flags & 0xf,
    isCut: (flags & TRUNCATED) !== 0,
    isAuthentic: (flags & AUTHENTIC) !== 0,
    records: recordsIn(message, end),
  }
}

/** Name, type and class. */
function questionBytes(question: Buffer): Buffer {
  const end = (nameAt(question, HEADER_BYTES)?.end ?? question.length) + 4
  return question.subarray(HEADER_BYTES, end)
}

/** Letters may come back in another case. */
function isSameName(one: Buffer, other: Buffer): boolean {
  return one.toString('latin1').toLowerCase() === other.toString('latin1').toLowerCase()
}

function recordsIn(message: Buffer, start: number): AnswerRecord[] | undefined {
  const count = message.readUInt16BE(6)
  if (count > RECORDS_MAX) return undefined
  const found: AnswerRecord[] = []
  let at = start
  for (let i = 0; i < count; i++) {
    const owner = nameAt(message, at)
    if (owner === undefined || owner.end + 10 > message.length) return undefined
    const dataAt = owner.end + 10
    at = dataAt + message.readUInt16BE(owner.end + 8)
    if (at > message.length) return undefined
    const type = message.readUInt16BE(owner.end)
    const data = dataOf(message, type, dataAt, at)
    if (data === undefined) return undefined
    const ttlSeconds = message.readUInt32BE(owner.end + 4)
    found.push({ owner: owner.name.toLowerCase(), type, ttlSeconds, data })
  }
  return found
}

function dataOf(message: Buffer, type: number, from: number, to: number): Buffer | undefined {
  const before = type === recordTypes.MX ? 2 : 0
  if (type !== recordTypes.MX && type !== recordTypes.CNAME) return message.subarray(from, to)
  const host = nameAt(message, from + before)
  if (host === undefined || host.end > to) return undefined
  return Buffer.concat([message.subarray(from, from + before), Buffer.from(host.name, 'latin1')])
}

/** RFC 1035 §4.1.4. */
function nameAt(message: Buffer, start: number) {
  let name = ''
  let at = start
  let end: number | undefined
  for (let pointers = 0; pointers <= POINTERS_MAX; ) {
    const length = message[at]
    if (length === undefined) return undefined
    if (length === 0) return { name, end: end ?? at + 1 }
    if (length > LABEL_BYTES_MAX) {
      if (length < POINTER || at + 1 >= message.length) return undefined
      end ??= at + 2
      at = message.readUInt16BE(at) & 0x3fff
      pointers++
      continue
    }
    name += `${name === '' ? '' : '.'}${message.toString('latin1', at + 1, at + 1 + length)}`
    if (name.length > NAME_BYTES_MAX) return undefined
    at += 1 + length
  }
  return undefined
}

const CLASS_IN = 1
const RECURSION_DESIRED = 0x0100
const RESPONSE = 0x8000
const TRUNCATED = 0x0200
const AUTHENTIC = 0x0020
const POINTER = 0xc0
/** RFC 6891 §6.1.2: of the root, type 41, 1,232 bytes (what fits everywhere), nothing else. */
const optRecord = Buffer.from([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0])
