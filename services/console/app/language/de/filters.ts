// Filter, und die Antwort bei Abwesenheit.

import type { MessageText } from '../../kit/message.ts'
import type { filters as english } from '../en/filters.ts'

export const filters = {
  'filters.title': 'Filter',

  'rules.title': 'Einfache Regeln',
  'rules.text':
    'Jede Regel wird für jede Nachricht gefragt. Sie stehen in einem Skript, das Sie unten lesen können.',
  'rules.byHand':
    'Jemand hat von Hand in das Skript postwolke-rules geschrieben. Benennen Sie es um oder entfernen Sie es, um hier wieder Regeln zu haben.',
  'rules.none': 'Noch keine Regeln',
  'rules.off': 'Aus: Das Skript {name} entscheidet',
  'rules.turnOn': 'Einschalten',
  'rules.add': 'Regel hinzufügen',
  'rules.removeOf': 'Regel für {text} entfernen',
  'rules.if': 'Wo gesucht wird',
  'rules.from': 'Von',
  'rules.to': 'An oder Kopie',
  'rules.subject': 'Betreff',
  'rules.contains': 'enthält',
  'rules.then': 'Was geschieht',
  'rules.file': 'In den Ordner legen',
  'rules.flagged': 'Mit Fähnchen markieren',
  'rules.seen': 'Als gelesen markieren',
  'rules.forward': 'Weiterleiten an',
  'rules.copyTo': 'Kopie senden an',
  'rules.discard': 'Wegwerfen',
  'rules.folder': 'Ordner',
  'rules.address': 'Adresse',

  'script.title': 'Skripte',
  'script.intro': 'In der Sprache Sieve. Eines davon entscheidet, was aus Ihrer Mail wird.',
  'script.new': 'Neues Skript',
  'script.name': 'Name des Skripts',
  'script.none': 'Noch keine Skripte',
  'script.active': 'aktiv',
  'script.isActive': '{name} ist jetzt aktiv',
  'script.noneActive': 'Jetzt ist kein Skript aktiv',
  'script.activate': 'Aktivieren',
  'script.activateOf': '{name} aktivieren',
  'script.deactivate': 'Abschalten',
  'script.deactivateOf': '{name} abschalten',
  'script.removeOf': '{name} entfernen',
  'script.removeTitle': '„{name}“ entfernen?',
  'script.removeText': 'Sein Text ist dann weg.',
  'script.removed': '„{name}“ wurde entfernt',
  'script.titleActive': '{name} (aktiv)',
  'script.text': 'Text',
  'script.check': 'Prüfen',
  'script.fine': 'Daran ist nichts falsch',
  'script.line': 'Zeile {line}',
  'script.saveAndActivate': 'Speichern und aktivieren',

  'try.title': 'Ausprobieren',
  'try.text':
    'Zeigt, was der Text oben mit einer Nachricht aus Ihrem Posteingang täte. Ihr geschieht dabei nichts.',
  'try.none': 'In Ihrem Posteingang ist keine Nachricht.',
  'try.message': 'Nachricht',
  'try.verb': 'Ausprobieren',
  'try.true': 'wahr',
  'try.false': 'falsch',
  'try.cut': 'Es geht noch weiter.',
  'try.failed': 'Es scheitert in Zeile {line}, und die Nachricht bleibt im Posteingang.',
  'try.actions': 'Was geschähe',

  'away.title': 'Abwesenheit',
  'away.hint':
    'Wer Ihnen schreibt, erhält eine Antwort, höchstens einmal in der Woche. Listen, Programme und Spam erhalten keine.',
  'away.byHand':
    'Jemand hat von Hand in dieses Skript geschrieben. Ändern Sie es dort, oder entfernen Sie es.',
  'away.script': 'Skript zeigen',
  'away.on': 'Meine Mail beantworten',
  'away.isOn': 'Die Antwort ist eingeschaltet',
  'away.isOff': 'Die Antwort ist ausgeschaltet',
  'away.from': 'Erster Tag',
  'away.until': 'Letzter Tag',
  'away.untilHint': 'Ohne Tage antwortet sie, solange sie eingeschaltet ist.',
  'away.subject': 'Betreff',
  'away.text': 'Text',
  'away.addresses': 'Weitere Adressen von Ihnen',
  'away.addressesHint': 'Auch Mail an diese wird beantwortet.',

  'site.title': 'Skripte für alle',
  'site.text': 'Einstellungen sagen, welche davon vor oder nach dem Skript jedes Kontos laufen.',
} as const satisfies { readonly [key in keyof typeof english]: MessageText }
