import { completed, defineCommand, noArguments } from '../command.ts'

/** CLOSE: removes what is marked \Deleted without telling, and unselects. RFC 9051 §6.4.1. */
export const close = defineCommand({
  states: ['selected'],
  mayReportExpunge: false,
  parse: noArguments,
  async run(session) {
    const { selected } = session
    // RFC 4314 §4
    if (!selected.readOnly && selected.may('e'))
      await session.deps.mailbox.expunge(selected.folder, selected.deletedUids(), {
        deletedOnly: true,
      })
    await session.unselect()
    return completed('CLOSE')
  },
})

/** UNSELECT: the same without removing anything. RFC 9051 §6.4.2. */
export const unselect = defineCommand({
  states: ['selected'],
  mayReportExpunge: false,
  parse: noArguments,
  async run(session) {
    await session.unselect()
    return completed('UNSELECT')
  },
})
