// Runs inside every page before its own scripts, and tells the test what a person does and what the browser forbids.
//
// Counted are real clicks, and keys that act: shortcuts, Enter, Escape, Tab, arrows. Typing a text into a field is not, and a click that
// the keyboard makes is the key alone.

/* global addEventListener, PerformanceObserver */

{
  const note = globalThis.__note
  const modifiers = ['Shift', 'Control', 'Alt', 'Meta']

  addEventListener('securitypolicyviolation', (event) => {
    const { violatedDirective, blockedURI, sample, sourceFile, lineNumber } = event
    note('breach', `${violatedDirective}: ${blockedURI} ${sample} at ${sourceFile}:${lineNumber}`)
  })

  // As the finger does it: a click on a label is a second one on its field.
  addEventListener(
    'pointerdown',
    (event) => {
      if (event.isTrusted) note('click')
    },
    true,
  )

  addEventListener(
    'keydown',
    (event) => {
      if (!event.isTrusted || modifiers.includes(event.key)) return
      const isField =
        event.target instanceof Element && event.target.matches('input, textarea, select')
      const isText = event.key.length === 1 && !event.ctrlKey && !event.metaKey
      const edits = isText || event.key === 'Backspace' || event.key === 'Delete'
      if (!(isField && edits)) note('key')
    },
    true,
  )

  globalThis.__layoutShift = 0
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) {
      if (!hadRecentInput) globalThis.__layoutShift += value
    }
  }).observe({ type: 'layout-shift', buffered: true })
}
