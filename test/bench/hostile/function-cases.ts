// Every function that sees bytes from outside, each with the longest input that can get to it: the limits before it are not its own
// doing. What is new belongs here.

import {
  ArrivingHeader,
  HEADER_JUDGED_BYTES_MAX,
} from '#services/authentication/arriving-header.ts'
import { destinationsIn } from '#services/authentication/report-records.ts'
import { readReply } from '#services/delivery/remote/outcome.ts'
import { arcResultIn } from '#services/delivery/remote/signing/arc-seal.ts'
import {
  canonicalFields,
  presentNames,
  signedFields,
} from '#services/delivery/remote/signing/signed-header.ts'
import { parseImapUrl } from '#services/imap/appending/imap-url.ts'
import { compilePattern } from '#services/imap/folder-list/name-pattern.ts'
import { parseRequest } from '#services/pop3/dispatch.ts'
import { DotStuffing } from '#services/pop3/dot-stuffing.ts'
import { LineReader } from '#services/pop3/line-reader.ts'
import { decodeLine } from '#services/smtp/dispatch.ts'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import { parseAppendMessage } from '#shared/imap/append-arguments.ts'
import { CommandReader } from '#shared/imap/command-reader.ts'
import { Cursor } from '#shared/imap/cursor.ts'
import { parseDate, parseDateTime } from '#shared/imap/date-time.ts'
import { parseCapabilities } from '#shared/imap/enable-arguments.ts'
import { parseFetchArguments } from '#shared/imap/fetch-att.ts'
import { parseIdParameters } from '#shared/imap/id-parameters.ts'
import { COMMAND_BYTES_MAX, LINE_BYTES_MAX, LITERAL_BYTES_MAX } from '#shared/imap/limits.ts'
import { parseListArguments } from '#shared/imap/list-arguments.ts'
import { literalHeaderAtEnd } from '#shared/imap/literal-header.ts'
import { parseMailboxFilter } from '#shared/imap/mailbox-filter.ts'
import {
  decodeListPattern,
  decodeMailboxName,
  encodeMailboxName,
} from '#shared/imap/mailbox-name.ts'
import {
  parseGetMetadataArguments,
  parseSetMetadataArguments,
} from '#shared/imap/metadata-arguments.ts'
import { decodeModifiedUtf7, encodeModifiedUtf7 } from '#shared/imap/modified-utf7.ts'
import { parseNotifyArguments } from '#shared/imap/notify-arguments.ts'
import { parseQuotaLimits } from '#shared/imap/quota-arguments.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { parseSearchArguments, parseSortArguments } from '#shared/imap/search-arguments.ts'
import { parseSection } from '#shared/imap/section.ts'
import { parseSequenceSet, resolveSet } from '#shared/imap/sequence-set.ts'
import { parseStatusItems } from '#shared/imap/status-item.ts'
import { parseStoreArguments } from '#shared/imap/store-arguments.ts'
import { parseAddress, splitExtension } from '#shared/mail/address.ts'
import { parseAddressList } from '#shared/mail/address-list.ts'
import { AUTHSERV_ID_BYTES_MAX, authservIdIn } from '#shared/mail/authserv-id.ts'
import { baseSubject } from '#shared/mail/base-subject.ts'
import { CanonicalBody } from '#shared/mail/body-hash.ts'
import { compareFolded, foldCase } from '#shared/mail/casemap.ts'
import { decodeText, isKnownCharset } from '#shared/mail/charset.ts'
import { type Domain, displayDomain, parseDomain } from '#shared/mail/domain.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import { headerFields, unfold } from '#shared/mail/header-field.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { messageIds, referencesField, referencesOf } from '#shared/mail/message-ids.ts'
import { HEADER_INDEXED_BYTES_MAX, type Part } from '#shared/mail/message-index.ts'
import {
  parameterValue,
  parseContentType,
  parseDisposition,
  parseLanguages,
  parseToken,
} from '#shared/mail/mime-parameters.ts'
import { parseNextHop } from '#shared/mail/next-hop.ts'
import { joinContinuations } from '#shared/mail/parameter-continuations.ts'
import { parseQueueId } from '#shared/mail/queue-id.ts'
import { parseSentDate } from '#shared/mail/sent-date.ts'
import { transferDecoder } from '#shared/mail/transfer-decoding.ts'
import { namesOf } from '#shared/mailbox/folder-path.ts'
import { IndexedHeader, selectFields } from '#shared/message/header-subset.ts'
import { htmlText } from '#shared/message/html-text.ts'
import { threadId } from '#shared/message/object-ids.ts'
import { previewText } from '#shared/message/preview.ts'
import { ProxyHeaderParser } from '#shared/net/proxy-protocol.ts'
import { mergeRanges } from '#shared/runtime/number-ranges.ts'
import { decodeBase64, decodeInitialResponse } from '#shared/sasl/base64.ts'
import { credentialText } from '#shared/sasl/credential-text.ts'
import { createPlain } from '#shared/sasl/plain.ts'
import { saslPrep } from '#shared/sasl/sasl-prep.ts'
import { parseClientFinal, parseClientFirst } from '#shared/sasl/scram.ts'
import { headerLines } from '#shared/search/header-fields.ts'
import { parseIpAddress } from '#shared/settings/networks.ts'
import { isHeloName } from '#shared/smtp/helo-name.ts'
import { parseMailCommand } from '#shared/smtp/mail-command.ts'
import { readParameters } from '#shared/smtp/parameters.ts'
import { readPath } from '#shared/smtp/path.ts'
import { parseRcptCommand } from '#shared/smtp/rcpt-command.ts'
import { decodeXtext } from '#shared/smtp/xtext.ts'
import { DotUnstuffing } from '#shared/text/dot-stuffing.ts'
import { LineEndCheck } from '#shared/text/line-ends.ts'

export type FunctionCase = {
  readonly name: string
  readonly bytesMax: number
  /** Makes the work from hostile text. */
  readonly on: (text: string) => () => unknown
}

/** A line of SMTP as far as it is buffered, whatever its command allows. */
const SMTP_LINE_BYTES = 65_536
const POP3_LINE_BYTES = 16_384
/** Of a message's header, as clients ask for it. */
const HEADER_BYTES = 1024 * 1024
const BODY_BYTES = 256 * 1024

/** It takes text. */
function ofText(name: string, bytesMax: number, run: (text: string) => unknown): FunctionCase {
  return { name, bytesMax, on: (text) => () => run(text) }
}

/** It takes a byte string. */
function ofByteString(
  name: string,
  bytesMax: number,
  run: (bytes: string) => unknown,
): FunctionCase {
  return {
    name,
    bytesMax,
    on(text) {
      const bytes = bytesOf(text).toString('latin1')
      return () => run(bytes)
    },
  }
}

function ofBytes(name: string, bytesMax: number, run: (bytes: Buffer) => unknown): FunctionCase {
  return {
    name,
    bytesMax,
    on(text) {
      const bytes = bytesOf(text)
      // Some change what they are given.
      return () => run(Buffer.from(bytes))
    },
  }
}

/** A grammar method; strings are tried as they stand and as a literal. */
function ofCursor(name: string, read: (cursor: Cursor) => unknown, head = ''): FunctionCase[] {
  return [
    ofBytes(name, LINE_BYTES_MAX, (bytes) =>
      read(new Cursor([{ kind: 'text', bytes: Buffer.concat([Buffer.from(head), bytes]) }])),
    ),
    ofBytes(`${name}, literal`, LITERAL_BYTES_MAX, (bytes) =>
      read(
        new Cursor([
          ...(head === '' ? [] : [{ kind: 'text' as const, bytes: Buffer.from(head) }]),
          { kind: 'literal', bytes, binary: false },
          { kind: 'text', bytes: Buffer.from(')') },
        ]),
      ),
    ),
  ]
}

export function bytesOf(text: string): Buffer {
  return /^[\0-\xff]*$/.test(text)
    ? Buffer.from(text, 'latin1')
    : Buffer.from(text).subarray(0, text.length)
}

/** In chunks as a socket hands them on. */
function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const SOCKET_BYTES = 1_024

const textPart = (subtype: string, encoding: string): Part => ({
  kind: 'leaf',
  header: [0, 0],
  body: [0, 0],
  type: 'text',
  subtype,
  parameters: [],
  id: null,
  description: null,
  encoding,
  lines: 0,
  md5: null,
  disposition: null,
  language: null,
  location: null,
})

const smtp: readonly FunctionCase[] = [
  ofBytes('decodeLine', SMTP_LINE_BYTES, decodeLine),
  ofBytes('decodeLine NOOP', SMTP_LINE_BYTES, (bytes) =>
    decodeLine(Buffer.concat([Buffer.from('NOOP'), bytes])),
  ),
  ofText('isHeloName', SMTP_LINE_BYTES, isHeloName),
  ofText('parseMailCommand', SMTP_LINE_BYTES, (text) => parseMailCommand(` FROM:<${text}`)),
  ofText('parseMailCommand path', SMTP_LINE_BYTES, (text) => parseMailCommand(` FROM:<${text}>`)),
  ofText('parseMailCommand parameter', SMTP_LINE_BYTES, (text) =>
    parseMailCommand(` FROM:<a@example.test> ${text}`),
  ),
  ofText('parseMailCommand ENVID', SMTP_LINE_BYTES, (text) =>
    parseMailCommand(` FROM:<a@example.test> ENVID=${text}`, { offersDsn: true }),
  ),
  ofText('parseRcptCommand', SMTP_LINE_BYTES, (text) => parseRcptCommand(` TO:<${text}`, true)),
  ofText('parseRcptCommand path', SMTP_LINE_BYTES, (text) =>
    parseRcptCommand(` TO:<${text}>`, true),
  ),
  ofText('parseRcptCommand ORCPT', SMTP_LINE_BYTES, (text) =>
    parseRcptCommand(` TO:<a@example.test> ORCPT=rfc822;${text}`, true, { offersDsn: true }),
  ),
  ofText('readPath', SMTP_LINE_BYTES, (text) => readPath(`<${text}`, 0)),
  ofText('readPath without brackets', SMTP_LINE_BYTES, (text) => readPath(text, 0)),
  ofText('readPath route', SMTP_LINE_BYTES, (text) => readPath(`<@a,${text}:a@b>`, 0)),
  ofText('readParameters', SMTP_LINE_BYTES, (text) => readParameters(` ${text}`, 0, '')),
  ofText('decodeXtext', SMTP_LINE_BYTES, decodeXtext),
  ofText('readReply', SMTP_LINE_BYTES, (text) => readReply(`550 ${text}`, 'peer')),
  ofBytes('DotUnstuffing', BODY_BYTES, (bytes) => {
    const stuffing = new DotUnstuffing()
    for (const chunk of chunksOf(bytes, SOCKET_BYTES)) stuffing.push(chunk)
  }),
  ofBytes('LineEndCheck', BODY_BYTES, (bytes) => new LineEndCheck().push(bytes)),
]

const directory: readonly FunctionCase[] = [
  ofText('parseAddress', BODY_BYTES, parseAddress),
  ofText('parseAddress quoted', BODY_BYTES, (text) => parseAddress(`"${text}"@example.test`)),
  ofText('parseAddress domain', BODY_BYTES, (text) => parseAddress(`a@${text}`)),
  ofText('parseDomain', BODY_BYTES, parseDomain),
  ofText('parseDomain literal', BODY_BYTES, (text) => parseDomain(`[${text}]`)),
  ofText('displayDomain', 253, (text) => displayDomain(`xn--${text}` as Domain)),
  ofText('splitExtension', 254, (text) => splitExtension(text, '+-')),
  ofText('parseNextHop', BODY_BYTES, parseNextHop),
  ofText('parseIpAddress', BODY_BYTES, parseIpAddress),
  ofText('parseQueueId', BODY_BYTES, parseQueueId),
  ofText('namesOf', BODY_BYTES, namesOf),
]

const sasl: readonly FunctionCase[] = [
  ofText('decodeBase64', SMTP_LINE_BYTES, decodeBase64),
  ofText('decodeInitialResponse', SMTP_LINE_BYTES, decodeInitialResponse),
  ofBytes('credentialText', SMTP_LINE_BYTES, credentialText),
  ofBytes('SASL PLAIN', SMTP_LINE_BYTES, (bytes) => createPlain().step(bytes)),
  ofText('saslPrep', 1_024, saslPrep),
  ofBytes('parseClientFirst', SMTP_LINE_BYTES, parseClientFirst),
  ofBytes('parseClientFirst name', SMTP_LINE_BYTES, (bytes) =>
    parseClientFirst(Buffer.concat([Buffer.from('n,,n='), bytes])),
  ),
  ofBytes('parseClientFirst nonce', SMTP_LINE_BYTES, (bytes) =>
    parseClientFirst(Buffer.concat([Buffer.from('n,,n=a,r=a,'), bytes])),
  ),
  ofBytes('parseClientFinal', SMTP_LINE_BYTES, (bytes) =>
    parseClientFinal(Buffer.concat([Buffer.from('c=biws,r=a,'), bytes])),
  ),
]

const imap: readonly FunctionCase[] = [
  ofBytes('CommandReader', COMMAND_BYTES_MAX, (bytes) => {
    const reader = new CommandReader()
    for (const chunk of chunksOf(bytes, SOCKET_BYTES)) {
      reader.push(chunk)
      for (let event = reader.next(); event; event = reader.next()) {
        if (event.kind === 'literal') reader.buffer()
      }
    }
  }),
  ofBytes('CommandReader, literals refused', COMMAND_BYTES_MAX, (bytes) => {
    const reader = new CommandReader()
    for (const chunk of chunksOf(bytes, SOCKET_BYTES)) {
      reader.push(chunk)
      for (let event = reader.next(); event; event = reader.next()) {
        if (event.kind === 'literal') reader.refuse()
      }
    }
  }),
  ofBytes('literalHeaderAtEnd', LINE_BYTES_MAX, (bytes) =>
    literalHeaderAtEnd(Buffer.concat([bytes, Buffer.from('{1+}')])),
  ),
  ...ofCursor('tag', (cursor) => cursor.tag()),
  ...ofCursor('astring', (cursor) => cursor.astring()),
  ...ofCursor('quoted', (cursor) => cursor.quoted(), '"'),
  ...ofCursor('mailbox', (cursor) => cursor.mailbox()),
  ...ofCursor('listMailbox', (cursor) => cursor.listMailbox()),
  ...ofCursor('sequenceSet', (cursor) => cursor.sequenceSet()),
  ...ofCursor('flagList', (cursor) => cursor.flagList(), '('),
  ...ofCursor('objectId', (cursor) => cursor.objectId()),
  ...ofCursor('dateTime', (cursor) => cursor.dateTime(), '"'),
  ...ofCursor('parseSearchArguments', parseSearchArguments),
  ...ofCursor('parseSearchArguments OR', parseSearchArguments, 'OR '),
  ...ofCursor('parseSearchArguments HEADER', parseSearchArguments, 'HEADER a '),
  ...ofCursor('parseSearchArguments RETURN', parseSearchArguments, 'RETURN ('),
  ...ofCursor('parseSortArguments', parseSortArguments, '('),
  ...ofCursor('parseFetchArguments', parseFetchArguments, '1 ('),
  ...ofCursor('parseFetchArguments fields', parseFetchArguments, '1 (BODY[HEADER.FIELDS ('),
  ...ofCursor('parseSection', parseSection, '['),
  ...ofCursor('parseStoreArguments', parseStoreArguments, '1 FLAGS '),
  ...ofCursor('parseListArguments', parseListArguments, '"" '),
  ...ofCursor('parseListArguments patterns', parseListArguments, '"" ('),
  ...ofCursor('parseMailboxFilter', parseMailboxFilter, 'MAILBOXES '),
  ...ofCursor('parseNotifyArguments', parseNotifyArguments, 'SET ('),
  ...ofCursor('parseIdParameters', parseIdParameters, '('),
  ...ofCursor('parseStatusItems', parseStatusItems, '('),
  ...ofCursor('parseQuotaLimits', parseQuotaLimits, '('),
  ...ofCursor('parseCapabilities', parseCapabilities),
  ...ofCursor('parseGetMetadataArguments', parseGetMetadataArguments),
  ...ofCursor('parseSetMetadataArguments', parseSetMetadataArguments, '"" ('),
  ...ofCursor('parseAppendMessage', parseAppendMessage, '('),
  ofText('parseSequenceSet', LINE_BYTES_MAX, parseSequenceSet),
  ofText('resolveSet, mergeRanges', LINE_BYTES_MAX, (text) =>
    mergeRanges(resolveSet(parseSequenceSet(text.replace(/,$/, '')), 1_000_000)),
  ),
  ofText('parseDate', LITERAL_BYTES_MAX, parseDate),
  ofText('parseDateTime', LITERAL_BYTES_MAX, parseDateTime),
  ofByteString('decodeModifiedUtf7', LITERAL_BYTES_MAX, decodeModifiedUtf7),
  ofText('encodeModifiedUtf7', 4_000, encodeModifiedUtf7),
  ofByteString('decodeMailboxName', LITERAL_BYTES_MAX, (bytes) => decodeMailboxName(bytes, false)),
  ofByteString('decodeMailboxName UTF-8', LITERAL_BYTES_MAX, (bytes) =>
    decodeMailboxName(bytes, true),
  ),
  ofByteString('decodeListPattern', LITERAL_BYTES_MAX, (bytes) => decodeListPattern(bytes, false)),
  ofText('encodeMailboxName', 4_000, (text) => encodeMailboxName(text, false)),
  ofText('compilePattern', LITERAL_BYTES_MAX, (text) => compilePattern('', text)('a/'.repeat(450))),
  ofText('compilePattern × a name of a', 8_000, (text) =>
    compilePattern('', text)('a'.repeat(900)),
  ),
  ofText('compilePattern × names', 900, (text) => compilePattern('', '*a%a*a%a*a%')(text)),
  ofByteString('parseImapUrl', LITERAL_BYTES_MAX, (bytes) => parseImapUrl(bytes, own)),
  ofByteString('parseImapUrl mailbox', LITERAL_BYTES_MAX, (bytes) =>
    parseImapUrl(`/${bytes}`, own),
  ),
  ofByteString('parseImapUrl authority', LITERAL_BYTES_MAX, (bytes) =>
    parseImapUrl(`imap://${bytes}`, own),
  ),
  ofByteString('ResponseWriter', BODY_BYTES, (bytes) => {
    const writer = new ResponseWriter()
    writer.string(bytes)
    return writer.take()
  }),
]

const own = { hostname: 'mail.example.test', logins: ['a@example.test'] }

const pop3: readonly FunctionCase[] = [
  ofBytes('LineReader, parseRequest', BODY_BYTES, (bytes) => {
    const reader = new LineReader(POP3_LINE_BYTES)
    for (const chunk of chunksOf(bytes, SOCKET_BYTES)) {
      reader.push(chunk)
      for (let line = reader.next(); line; line = reader.next()) parseRequest(line)
    }
  }),
  ofBytes('DotStuffing', BODY_BYTES, (bytes) => {
    const stuffing = new DotStuffing()
    for (const chunk of chunksOf(bytes, SOCKET_BYTES)) stuffing.push(chunk)
  }),
]

const fetching: readonly FunctionCase[] = [
  // Without a wait it is done when it returns.
  ofBytes('IndexedHeader', HEADER_BYTES, (bytes) =>
    IndexedHeader.read(bytes, selectFields(['from'], false).all, { step: () => undefined }),
  ),
  ofText('htmlText', BODY_BYTES, htmlText),
  ofBytes('previewText plain', BODY_BYTES, (bytes) =>
    previewText(textPart('plain', '8bit'), bytes),
  ),
  ofBytes('previewText HTML', BODY_BYTES, (bytes) =>
    previewText(textPart('html', 'quoted-printable'), bytes),
  ),
]

const searching: readonly FunctionCase[] = [
  ofByteString('headerLines', BODY_BYTES, (bytes) => Array.from(headerLines(bytes))),
  ofByteString('messageIds', HEADER_INDEXED_BYTES_MAX, messageIds),
  ofByteString('messageIds <', HEADER_INDEXED_BYTES_MAX, (bytes) => messageIds(`<${bytes}>`)),
  ofByteString('referencesOf', HEADER_INDEXED_BYTES_MAX, (bytes) => referencesOf(bytes, bytes)),
  ofByteString('referencesField', BODY_BYTES, referencesField),
  ofByteString('referencesField body', BODY_BYTES, (bytes) =>
    referencesField(`References: ${bytes}`),
  ),
  ofByteString('decodeHeaderText', BODY_BYTES, decodeHeaderText),
  ofByteString('baseSubject', BODY_BYTES, baseSubject),
  ofByteString('parseSentDate', HEADER_INDEXED_BYTES_MAX, parseSentDate),
  ofText('foldCase', BODY_BYTES, foldCase),
  ofText('compareFolded', BODY_BYTES, (text) => compareFolded(text, `${text}x`)),
  ofText('isKnownCharset', LITERAL_BYTES_MAX, isKnownCharset),
  ...['utf-8', 'iso-2022-jp', 'iso-2022-kr', 'gb18030', 'utf-16', 'utf-7', 'hz', 'cp850', null].map(
    (charset) =>
      ofBytes(`decodeText ${charset}`, BODY_BYTES, (bytes) => decodeText(bytes, charset)),
  ),
  ofByteString('threadId', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    threadId(`References: ${bytes}`, { inReplyTo: bytes, messageId: bytes }, 'b' as BlobId),
  ),
  ...['base64', 'quoted-printable'].map((encoding) =>
    ofBytes(`transferDecoder ${encoding}`, BODY_BYTES, (bytes) => {
      const decoder = transferDecoder(encoding)
      for (const chunk of chunksOf(bytes, SOCKET_BYTES)) decoder?.push(chunk)
      decoder?.finish()
    }),
  ),
]

const mail: readonly FunctionCase[] = [
  ofBytes('headerFields', HEADER_BYTES, headerFields),
  ofByteString('unfold', BODY_BYTES, unfold),
  ofByteString('parseAddressList', HEADER_INDEXED_BYTES_MAX, (bytes) => parseAddressList(bytes)),
  ofByteString('parseAddressList <', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    parseAddressList(`a <${bytes}`),
  ),
  ofByteString('parseAddressList group', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    parseAddressList(`a: ${bytes}`),
  ),
  ofByteString('parseAddressList (', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    parseAddressList(`a (${bytes}`),
  ),
  ofByteString('parseContentType', HEADER_INDEXED_BYTES_MAX, parseContentType),
  ofByteString('parseContentType parameters', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    parseContentType(`multipart/mixed;${bytes}`),
  ),
  ofByteString('parseContentType value', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    parseContentType(`multipart/mixed;boundary=${bytes}`),
  ),
  ofByteString('parameterValue', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    parameterValue(
      parseContentType(`multipart/mixed;boundary*=''${bytes}`)?.parameters ?? [],
      'boundary',
    ),
  ),
  ofByteString('joinContinuations', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    joinContinuations(parseContentType(`a/b;${bytes}`)?.parameters ?? []),
  ),
  ofByteString('joinContinuations sections', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    joinContinuations(
      Array.from({ length: bytes.length >> 4 }, (_, n) => [`a*${n}*`, bytes.slice(0, 8)] as const),
    ),
  ),
  ofByteString('parameterValue sections', HEADER_INDEXED_BYTES_MAX, (bytes) =>
    parameterValue(
      Array.from({ length: bytes.length >> 4 }, (_, n) => [`a*${n}*`, bytes.slice(0, 8)] as const),
      'a',
    ),
  ),
  ofByteString('parseDisposition', HEADER_INDEXED_BYTES_MAX, parseDisposition),
  ofByteString('parseLanguages', HEADER_INDEXED_BYTES_MAX, parseLanguages),
  ofByteString('parseToken', HEADER_INDEXED_BYTES_MAX, parseToken),
  ofBytes('decodeIndex', 300_000, (bytes) => decodeIndex(Buffer.concat([Buffer.from([1]), bytes]))),
]

const authentication: readonly FunctionCase[] = [
  ofBytes('ArrivingHeader', HEADER_JUDGED_BYTES_MAX, (bytes) => {
    const header = new ArrivingHeader()
    for (const chunk of chunksOf(bytes, 16)) if (header.push(chunk) !== undefined) return
    header.finish()
  }),
  ofBytes('CanonicalBody relaxed', HEADER_INDEXED_BYTES_MAX, (bytes) => {
    const body = new CanonicalBody('relaxed')
    for (const chunk of chunksOf(bytes, 16)) body.push(chunk)
    body.finish()
  }),
  ofBytes('CanonicalBody simple', HEADER_INDEXED_BYTES_MAX, (bytes) => {
    const body = new CanonicalBody('simple')
    for (const chunk of chunksOf(bytes, 16)) body.push(chunk)
    body.finish()
  }),
  ofByteString('signedFields', HEADER_INDEXED_BYTES_MAX, (text) => {
    const fields = signedFields(text)
    canonicalFields(fields, presentNames(fields, ['from', 'to', 'a', '']))
  }),
  ofByteString('arcResultIn', 8 * 1024, arcResultIn),
  ofBytes('authservIdIn', AUTHSERV_ID_BYTES_MAX, (bytes) => authservIdIn(bytes, false)),
  ofByteString('destinationsIn', 32 * 1024, (text) =>
    destinationsIn(`v=DMARC1; rua=mailto:${text}`),
  ),
]

const net: readonly FunctionCase[] = [
  ofBytes('ProxyHeaderParser', 4_096, (bytes) => {
    const parser = new ProxyHeaderParser()
    const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\x0f\xf0', 'latin1')
    // Byte by byte, as the slowest proxy sends.
    for (const chunk of chunksOf(Buffer.concat([head, bytes]), 1)) parser.push(chunk)
  }),
]

export const functionCases: readonly FunctionCase[] = [
  ...smtp,
  ...directory,
  ...sasl,
  ...imap,
  ...pop3,
  ...fetching,
  ...searching,
  ...mail,
  ...authentication,
  ...net,
]
