// How long somebody waits who opens the console: with a processor four times slower, over a line of an office and one of a telephone.
//
// Other work on the machine must not decide: bytes, round trips and the page's own time on the processor are measured, and what they cost
// on such a machine and line is computed of them. That it comes to pass on a browser that is slowed down is looked at beside it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, openBrowser } from '#test/support/browser/browser.ts'
import { type Throttle, throttles } from '#test/support/browser/profiles.ts'
import { wayIn } from '#test/support/console-visit.ts'
import { type ConsoleWorld, openConsoleWorld } from '#test/support/console-world.ts'
import { isInstalled } from '#test/support/program.ts'

type Loaded = { readonly bytes: number; readonly processorMs: number }

describe.skipIf(!isInstalled('chromium'))('the first view', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser

  beforeAll(async () => {
    world = resources.use(await openConsoleWorld({ mail: false }))
    browser = resources.use(await openBrowser(world.way))
    // The console is built by the first request.
    await fetch(world.origin)
  })
  afterAll(() => resources.disposeAsync())

  /** Opens the way in until it can be typed into. */
  async function load(how?: Throttle): Promise<Loaded> {
    await using profile = await browser.profile()
    await using tab = await profile.tab()
    const { page, session } = tab
    if (how !== undefined) await tab.throttle(how)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    await session.send('Network.enable')
    let bytes = 0
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength
    })
    await page.goto(world.origin)
    await page.locator(wayIn).waitFor()
    await page.keyboard.type('a')
    const { metrics } = await session.send('Performance.getMetrics')
    const task = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
    expect(tab.faults()).toEqual([])
    return { bytes, processorMs: task * 1000 }
  }

  /** The page, then its scripts, then what these load. */
  const ROUND_TRIPS = 4

  const costOf = ({ bytes, processorMs }: Loaded, how: Throttle) =>
    ROUND_TRIPS * how.latencyMs +
    (bytes * 8_000) / how.downBitsPerSecond +
    processorMs * how.cpuTimes

  it.each([
    ['office', 1_000],
    ['mobile', 2_000],
  ] as const)('is there in time over the line of an %s', async (line, limitMs) => {
    // The least of some: what else the machine did is in all but that.
    const loaded = [await load(), await load()]
    const costs = loaded.map((one) => costOf(one, throttles[line]))
    expect(Math.min(...costs)).toBeLessThan(limitMs)
    await load(throttles[line])
  })

  it('loads no script again at the next visit', async () => {
    await using profile = await browser.profile()
    await using tab = await profile.tab()
    await tab.page.goto(world.origin)
    await tab.page.locator(wayIn).waitFor()
    const asked: string[] = []
    const remembered = new Set<string>()
    await tab.session.send('Network.enable')
    tab.session.on('Network.requestServedFromCache', ({ requestId }) => remembered.add(requestId))
    tab.session.on('Network.responseReceived', ({ requestId, response, type }) => {
      const isKept = response.fromDiskCache || remembered.has(requestId)
      if (['Script', 'Stylesheet'].includes(type) && !isKept) asked.push(response.url)
    })
    await tab.page.goto(`${world.origin}/queue`)
    await tab.page.locator(wayIn).waitFor()
    expect(asked).toEqual([])
  })
})
