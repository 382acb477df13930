import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import type { Section } from '#shared/mail/section.ts'
import { type Layout, sectionSpan } from '#shared/message/section-span.ts'

const added = 'Delivered-To: ann@example.test\r\n'

function opened(file: string) {
  const url = new URL(`../../../fixtures/messages/${file}`, import.meta.url)
  const object = readFileSync(url)
  const indexer = new MessageIndexer()
  indexer.push(object)
  const index = indexer.finish()
  const text = added + object.toString('latin1')
  const layout: Layout = {
    addedBytes: added.length,
    headerBytes: added.length + index.headerBytes,
    size: text.length,
    structure: () => index.structure,
  }
  return (section: Section) => {
    const span = sectionSpan(layout, section)
    return span && text.slice(span[0], span[0] + span[1])
  }
}

const all = (...part: number[]): Section => ({ kind: 'all', part })
const header = (...part: number[]): Section => ({ kind: 'header', part })
const text = (...part: number[]): Section => ({ kind: 'text', part })
const mime = (...part: number[]): Section => ({ kind: 'mime', part })

describe('sectionSpan', () => {
  it('counts added header fields into message and header, and shifts everything behind them', () => {
    const section = opened('plain.eml')
    const whole = section(all()) ?? ''
    expect(whole.startsWith(added)).toBe(true)
    expect(section(header())).toBe(whole.slice(0, whole.indexOf('\r\n\r\n') + 4))
    expect(`${section(header())}${section(text())}`).toBe(whole)
    expect(section(all(1))).toBe(section(text()))
  })

  it('finds parts of nested multiparts', () => {
    const section = opened('outlook-nested.eml')
    expect(section(all(1, 1, 1))).toBe('Sch=F6ne Gr=FC=DFe\r\n')
    expect(section(mime(1, 2))).toMatch(/^Content-Type: image\/png;.*\r\n\r\n$/s)
    expect(section(all(2))).toBe('JVBERi0xLjQKJUVPRgo=\r\n')
    expect(section(all(1, 1))).toContain(section(all(1, 1, 2)))
  })

  it('goes into embedded messages, multipart or not', () => {
    const section = opened('attached-message.eml')
    expect(section(header(2))).toMatch(/^Received: from nowhere\r\n.*\r\n\r\n$/s)
    expect(`${section(header(2))}${section(text(2))}`).toBe(section(all(2)))
    expect(section(all(2, 2))).toBe('<b>cheap</b>')
    expect(section(all(3, 1))).toBe('one line, no end')
    expect(section(text(3))).toBe('one line, no end')
    expect(section(mime(3, 1))).toBe('Subject: a plain one\r\n\r\n')
  })

  it.each([
    ['a part beyond the last', all(4)],
    ['a part of a part that has none', all(1, 1)],
    ['part 2 of a message that is no multipart', all(3, 2)],
    ['a part below that', all(3, 1, 1)],
    ['the header of a part that is no message', header(1)],
    ['the text of a part that is no message', text(2, 1)],
    ['the MIME header of a missing part', mime(7)],
  ])('has nothing for %s', (_, missing) => {
    expect(opened('attached-message.eml')(missing)).toBeUndefined()
  })
})
