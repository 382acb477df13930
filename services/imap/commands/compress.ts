import { defineCommand } from '../command.ts'

/** COMPRESS DEFLATE. RFC 4978 §3. */
export const compress = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return cursor.keyword()
  },
  run({ transport }, mechanism) {
    if (mechanism !== 'DEFLATE') return { status: 'BAD', text: 'Only DEFLATE is offered' }
    if (transport.compressed) {
      return { status: 'NO', code: 'COMPRESSIONACTIVE', text: 'DEFLATE is already active' }
    }
    return { status: 'OK', text: 'DEFLATE active', after: 'compress' }
  },
})
