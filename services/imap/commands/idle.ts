import { skipsEmptyLines } from '#shared/imap/quirks.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { turns } from '#shared/runtime/turns.ts'
import { type Completion, completed, defineCommand, noArguments } from '../command.ts'
import { HINT_GATHER_MS, IDLE_RETRY_MS } from '../config.ts'
import type { SelectedFolder } from '../selected-folder.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** IDLE: tells what is new as it happens, until DONE. RFC 9051 §6.3.13. */
export const idle = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse: noArguments,
  async run(session, _, wire): Promise<Completion> {
    wire.continuation('idling')
    const { state } = session
    const selected = state.kind === 'selected' ? state.selected : undefined
    const ending = new AbortController()
    const left = new AbortController()
    const line = nextWord(wire, left.signal).finally(() => ending.abort())
    const told = session.notifications
      ? session.notifications.tellUntil(ending.signal, wire)
      : selected && tellAsItHappens(session, selected, wire, ending.signal)
    // Nobody waits for DONE any more when nothing can be told; the error is thrown below, when nobody reads.
    told?.finally(() => left.abort()).catch(() => undefined)
    const text = await line
    await told
    // The dispatcher ends the session.
    if (selected?.gone) return completed('IDLE')
    return /^done$/i.test(text?.toString('latin1') ?? '')
      ? completed('IDLE')
      : { status: 'BAD', text: 'DONE was expected' }
  },
})

/** The next line that is not empty. */
async function nextWord(wire: Wire, signal: AbortSignal): Promise<Buffer | undefined> {
  for (;;) {
    const line = await wire.readLine(signal)
    if (line === undefined || line.length > 0 || !skipsEmptyLines) return line
    await turns.step()
  }
}

async function tellAsItHappens(
  { log, deps: { clock, options } }: Session,
  selected: SelectedFolder,
  wire: Wire,
  ending: AbortSignal,
): Promise<void> {
  // What came between the last command and this one, then whatever is hinted.
  for (let look = true; !ending.aborted; ) {
    try {
      await selected.tellNews(wire, { expunges: true, look })
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      log.warn({ command: 'IDLE', error }, 'could not look for news')
      look = true
      await clock.sleep(IDLE_RETRY_MS, ending)
      continue
    }
    if (selected.gone) return
    // A client that does not read is not told more and more.
    await wire.room()
    // A change that comes alone is told at once, those that follow it closely together.
    await clock.sleep(HINT_GATHER_MS, ending)
    look = (await selected.hinted(options.safetyPollMs, ending)) === 'none'
  }
}
