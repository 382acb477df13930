// Debian's Thunderbird without a window, with a profile and a home of its own. All of the network that it has is a SOCKS server. What it is
// to do is in `in-program.js`, which runs inside with the rights of its own code.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startDaemon } from '../daemon.ts'
import { openMarionette } from './marionette.ts'

export interface Thunderbird extends AsyncDisposable {
  /** Calls a function of `in-program.js`; what it throws is thrown here. */
  call(name: string, ...values: readonly unknown[]): Promise<unknown>
}

const SCRIPT_MAX_MS = 25_000

const preferences = {
  // Any that is free; it writes it into a file.
  'marionette.port': 0,
  'app.update.enabled': false,
  'mail.shell.checkDefaultClient': false,
  'mailnews.start_page.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.proxy.type': 1,
  'network.proxy.socks': '127.0.0.1',
  'network.proxy.socks_version': 5,
  'network.proxy.socks_remote_dns': true,
  // Names of this machine go there too.
  'network.proxy.allow_hijacking_localhost': true,
} as const

/** In a folder that is empty. */
export async function startThunderbird(folder: string, socksPort: number): Promise<Thunderbird> {
  await using starting = new AsyncDisposableStack()
  const profile = join(folder, 'profile')
  await mkdir(profile)
  const all = { ...preferences, 'network.proxy.socks_port': socksPort }
  const lines = Object.entries(all).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  )
  await writeFile(join(profile, 'user.js'), `${lines.join('\n')}\n`)
  const words = [
    '--headless',
    '--no-remote',
    '--marionette',
    '--remote-allow-system-access',
    '--profile',
    profile,
  ]
  const portFile = join(profile, 'MarionetteActivePort')
  const readPort = async () => Number(await readFile(portFile, 'utf8'))
  starting.use(
    await startDaemon(
      'env',
      [`HOME=${folder}`, 'MOZ_CRASHREPORTER_DISABLE=1', 'thunderbird', ...words],
      async () => (await readPort()) > 0,
    ),
  )
  const marionette = starting.use(await openMarionette(await readPort()))
  await marionette.send('WebDriver:NewSession')
  await marionette.send('Marionette:SetContext', { value: 'chrome' })
  await marionette.send('WebDriver:SetTimeouts', { script: SCRIPT_MAX_MS })
  const source = await readFile(new URL('in-program.js', import.meta.url), 'utf8')
  const running = starting.move()
  return {
    async call(name, ...values) {
      const script = `${source}
        const [name, values, done] = arguments
        Promise.resolve().then(() => deeds[name](...values)).then(
          (value) => done({ value }),
          (error) => done({ error: String(error) + ' ' + (error?.stack ?? '') }),
        )`
      const how = { script, args: [name, values], sandbox: 'system', newSandbox: true }
      const sent = marionette.send('WebDriver:ExecuteAsyncScript', how)
      const answer = await sent.catch((error) => {
        throw new Error(`${name}: ${error.message}`, { cause: error })
      })
      const { value, error } = Object(Object(answer).value)
      if (error !== undefined) throw new Error(`${name}: ${error}`)
      return value
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
