import { completed, defineCommand, noArguments } from '../command.ts'
import { HINT_GATHER_MS } from '../config.ts'

/** IDLE: tells what is new as it happens, until DONE. RFC 9051 §6.3.13. */
export const idle = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse: noArguments,
  async run(session, _, wire) {
    wire.continuation('idling')
    const { clock, options } = session.services
    const ending = new AbortController()
    const left = new AbortController()
    const line = wire.readLine(left.signal).finally(() => ending.abort())
    const told = (async () => {
      if (session.state.kind !== 'selected') return
      const { mailbox } = session.state
      // What came between the last command and this one, then whatever is hinted.
      for (let look = true; !ending.signal.aborted; ) {
        await mailbox.tellNews(wire, { expunges: true, look })
        // Nothing more can come; the dispatcher ends the session.
        if (mailbox.gone) return left.abort()
        const hint = await mailbox.hinted(options.safetyPollMs, ending.signal)
        look = hint === 'none'
        if (!look) await clock.sleep(HINT_GATHER_MS, ending.signal)
      }
    })()
    const text = await line
    await told
    if (left.signal.aborted) return completed('IDLE')
    if (text === undefined) return { status: 'BAD', text: 'DONE was expected' }
    return /^done$/i.test(text.toString('latin1'))
      ? completed('IDLE')
      : { status: 'BAD', text: 'DONE was expected' }
  },
})
