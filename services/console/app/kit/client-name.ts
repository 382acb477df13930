// What a browser calls itself, as people call it: "Firefox, Windows". Names that are in others stand behind them.

const browsers = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['SamsungBrowser', 'Samsung Internet'],
  ['Firefox', 'Firefox'],
  ['FxiOS', 'Firefox'],
  ['Chrome', 'Chrome'],
  ['CriOS', 'Chrome'],
  ['Safari', 'Safari'],
] as const
const systems = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac', 'Linux'] as const

export const systemOf = (userAgent: string) => systems.find((name) => userAgent.includes(name))

/** As it is, where it is none of these: a program says what it is. */
export function clientName(userAgent: string): string {
  if (!userAgent.startsWith('Mozilla/')) return userAgent
  const browser = browsers.find(([word]) => userAgent.includes(`${word}/`))?.[1]
  const named = [browser, systemOf(userAgent)].filter((each) => each !== undefined)
  return named.length > 0 ? named.join(', ') : userAgent
}
