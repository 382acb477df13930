import { describe, expect, it } from 'vitest'
import { htmlText } from '#shared/message/html-text.ts'
import {
  PREVIEW_CHARACTERS_MAX,
  previewPart,
  previewSpan,
  previewText,
  readPreview,
} from '#shared/message/preview.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import { storedMessage } from '#test/support/stored-message.ts'

/** Byte string in, text out. */
function preview(message: string): string | undefined {
  const { index } = storedMessage(message.replaceAll('\n', '\r\n'))
  const part = previewPart(index.structure)
  const bytes = Buffer.from(message.replaceAll('\n', '\r\n'), 'latin1')
  return part && previewText(part, bytes.subarray(part.body[0], part.body[0] + part.body[1]))
}

const multipart = (subtype: string, ...parts: string[]) =>
  `Content-Type: multipart/${subtype}; boundary=x\n\n${parts.map((p) => `--x\n${p}\n`).join('')}--x--\n`

describe('preview', () => {
  it('joins white space and control characters', () => {
    expect(preview('Subject: s\n\n  Dear Ann,\n\n\tplease\x07 come. \n')).toBe(
      'Dear Ann, please come.',
    )
  })

  it('leaves out invisible padding, but not what joins emoji', () => {
    const text = (message: string) => Buffer.from(message).toString('latin1')
    const head = 'Content-Type: text/plain; charset=utf-8\n\n'
    expect(preview(head + text('soft\u00adhyphen\u200b \u034f \ufeff end'))).toBe('softhyphen end')
    expect(preview(head + text('👩\u200d🚀'))).toBe('👩\u200d🚀')
  })

  it('is the first text/plain of a multipart, HTML only where there is none', () => {
    const html = 'Content-Type: text/html\n\n<p>html</p>'
    const plain = 'Content-Type: text/plain\n\nplain'
    expect(preview(multipart('alternative', html, plain))).toBe('plain')
    expect(preview(multipart('related', html, 'Content-Type: image/png\n\nx'))).toBe('html')
  })

  it('passes over attachments and embedded messages', () => {
    const attached = 'Content-Type: text/plain\nContent-Disposition: attachment\n\nattached'
    const message = 'Content-Type: message/rfc822\n\nSubject: s\n\nforwarded'
    expect(preview(multipart('mixed', attached, message, '\nown'))).toBe('own')
    expect(preview(multipart('mixed', attached, message))).toBeUndefined()
  })

  it('shows nothing of an encrypted message', () => {
    expect(preview(multipart('encrypted', '\nVersion: 1', '\nsecret'))).toBeUndefined()
  })

  it('decodes transfer encoding and character set', () => {
    const head = 'Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n'
    expect(preview(`${head}8NLJ18XU\n`)).toBe('Привет')
    expect(preview('Content-Transfer-Encoding: x-unknown\n\nabc')).toBe('')
  })

  it('leaves out quoted lines unless there is nothing else', () => {
    expect(preview('Subject: s\n\n> quoted\nYes.\n')).toBe('Yes.')
    expect(preview('Subject: s\n\n> quoted\n')).toBe('> quoted')
  })

  it('ends after so many characters without cutting one', () => {
    const fish = Buffer.from('🐟').toString('latin1')
    const text = preview(
      `Content-Type: text/plain; charset=utf-8\n\n${fish.repeat(PREVIEW_CHARACTERS_MAX + 1)}\n`,
    )
    expect(text).toBe('🐟'.repeat(PREVIEW_CHARACTERS_MAX))
  })
})

describe('htmlText', () => {
  it.each([
    ['<p>one</p><p>two</p>', ' one  two '],
    ['wo<b>r</b>d<br>next', 'word next'],
    ['<style>p { color: red }</style>text', '  text'],
    ['<script>if (a < b) c()</script>text', '  text'],
    ['a<!-- <p>comment</p> -->b', 'ab'],
    ['a &lt;b&gt; &amp;amp; &#8364; &#x20ac; &nbsp;&unknown;', 'a <b> &amp; € €  &unknown;'],
    ['cut <a href="', 'cut '],
    ['cut <!-- off', 'cut '],
    ['<style>never closed', ''],
    ['5 > 4', '5 > 4'],
  ])('%s', (html, text) => {
    expect(htmlText(html)).toBe(text)
  })
})

describe('readPreview', () => {
  it('is the text of a stored message, whatever was put before it', async () => {
    const { object, blob } = storedMessage('Subject: s\r\n\r\nDear Ann\r\n')
    const message = new StoredMessage(object, blob, 'Delivered-To: ann@example.test\r\n')
    expect(await readPreview(message)).toBe('Dear Ann')
    expect(previewSpan(message)?.[1]).toBe('Dear Ann\r\n'.length)
  })

  // RFC 8970 §3.2
  it('is empty where there is nothing to show', async () => {
    const { object, blob } = storedMessage('Content-Type: image/png\r\n\r\nx\r\n')
    const message = new StoredMessage(object, blob, '')
    expect(await readPreview(message)).toBe('')
    expect(previewSpan(message)).toBeUndefined()
    expect(object.reads).toBe(0)
  })
})
