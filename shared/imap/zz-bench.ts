import { decodeIndex, encodeIndex } from '#shared/mail/index-codec.ts'
import { fixture } from '#test/support/corpus.ts'
import { indexOf } from '#test/unit/shared/mail/index-of.ts'
import { writeBodyStructure } from './body-structure.ts'
import { CommandReader } from './command-reader.ts'
import { Cursor } from './cursor.ts'
import { EncodedIndex } from './encoded-index.ts'
import { writeEnvelope } from './envelope.ts'
import { parseFetchArguments } from './fetch-att.ts'
import { ResponseWriter } from './response-writer.ts'

const index = indexOf(fixture('alternative'))
const encoded = encodeIndex(index)
const w = new ResponseWriter()
writeEnvelope(w, index.envelope)
w.endLine()
writeBodyStructure(w, index.structure)
console.log(w.takeBuffer().toString('latin1'), encoded.length)
function time(name: string, n: number, f: () => void) {
  for (let i = 0; i < n; i++) f()
  const t = process.hrtime.bigint()
  for (let i = 0; i < n; i++) f()
  console.log(name, (Number(process.hrtime.bigint() - t) / n / 1000).toFixed(3), 'us')
}
time('render', 100000, () => {
  writeEnvelope(w, index.envelope)
  writeBodyStructure(w, index.structure)
  if (w.bytes > 60000) w.take()
})
time('decode', 100000, () => {
  decodeIndex(encoded)
})
time('decode+render', 100000, () => {
  const i = decodeIndex(encoded)
  writeEnvelope(w, i.envelope)
  writeBodyStructure(w, i.structure)
  if (w.bytes > 60000) w.take()
})
const cmd = Buffer.from(
  'a001 UID FETCH 1:100,205,300:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT)])\r\n'.repeat(
    50,
  ),
)
const reader = new CommandReader()
time('parse x50', 5000, () => {
  reader.push(cmd)
  for (let e = reader.next(); e; e = reader.next()) {
    if (e.kind !== 'command') throw 1
    const c = new Cursor(e.segments)
    c.tag()
    c.space()
    c.keyword()
    c.space()
    c.keyword()
    c.space()
    c.sequenceSet()
    c.space()
    parseFetchArguments(c)
    c.end()
  }
})

time('encoded', 100000, () => {
  const i = new EncodedIndex(encoded)
  i.writeEnvelope(w)
  i.writeBodyStructure(w)
  if (w.bytes > 60000) w.take()
})
