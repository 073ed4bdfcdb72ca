/** Near as vectors, and yet another question: every word and its place decide, but for grammar that is known to change nothing. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mayShareAnswer } from '../../activities/text/same-question.ts';

describe('questions that differ', () => {
  test.each([
    ['in a year', 'What happened in 1850?', 'What happened in 1860?'],
    ['in a number word', 'Which two bells ring?', 'Which three bells ring?'],
    ['in an ordinal', 'Who was the first keeper?', 'Who was the last keeper?'],
    ['in a version', 'What is new in R 4.3.1?', 'What is new in R 4.3.2?'],
    ['in a month', 'What to sow in March?', 'What to sow in April?'],
    ['in a weekday', 'Does the ferry go on Monday?', 'Does the ferry go on Sunday?'],
    ['in a name', 'Who was the father of Alice?', 'Who was the father of Bertha?'],
    ['in a name at the begin', 'Alice lived where in those years?', 'Bertha lived where in those years?'],
    ['in a name without capitals', 'who was the father of alice', 'who was the father of bertha'],
    ['in a name where one has capitals', 'Who was the father of Alice?', 'who was the father of bertha'],
    ['in a negation', 'Which bells ring at noon?', 'Which bells do not ring at noon?'],
    ['in a short negation', 'Which bells can ring?', "Which bells can't ring?"],
    ['in a long negation', 'How to wind it with a key?', 'How to wind it without a key?'],
    ['in an opposite', 'What is done before the storm?', 'What is done after the storm?'],
    ['in a direction', 'Who kept the north lamp?', 'Who kept the south lamp?'],
    ['in a sign', 'What does a < b mean?', 'What does a > b mean?'],
    ['in a percentage', 'What holds 5 of it?', 'What holds 5 % of it?'],
    ['in a function', 'How is read.csv called?', 'How is write.csv called?'],
    ['in the case of a name', 'What is a US law?', 'What is an EU law?'],
    ['in how often a number stands there', 'Is 2 times 2 right?', 'Is 2 right?'],
    ['in the word that asks', 'When is the clock wound?', 'Where is the clock wound?'],
    ['in a century', 'Who ruled in the sixteenth century?', 'Who ruled in the seventeenth century?'],
    ['in a number with a hyphen', 'What did she do at age twenty-one?', 'What did she do at age twenty-two?'],
    ['in a word with a hyphen', 'How long do non-smokers live?', 'How long do smokers live?'],
    ['in the sign of a number', 'What lives at -5 degrees?', 'What lives at 5 degrees?'],
    ['in a minus sign', 'What lives at −5 degrees?', 'What lives at 5 degrees?'],
    ['in the direction', 'How do I convert PDF to EPUB?', 'How do I convert EPUB to PDF?'],
    ['in who does it', 'How do they vote?', 'How do I vote?'],
    ['in who does it, by a noun', 'How do people die?', 'How do you die?'],
    ['in whether all do it', 'How do we vote?', 'How do I vote?'],
    ['in the direction, in small letters', 'how is pdf converted to epub', 'how is epub converted to pdf'],
    ['in the direction and the voice', 'How is pdf converted to epub?', 'How does one convert epub to pdf?'],
    ['in who did it', 'Did Anna kill Bert?', 'Did Bert kill Anna?'],
    ['in who did it, in small letters', 'does a dog bite a man', 'does a man bite a dog'],
    ['in what is what', 'Is a wolf a dog?', 'Is a dog a wolf?'],
    ['in a small Roman number', 'what happens in chapter iv', 'what happens in chapter v'],
    ['in a small letter', 'what is vitamin b good for', 'what is vitamin c good for'],
    ['in a letter that is also an article', 'What does a vitamin do?', 'What does vitamin a do?'],
    ['in a negation without an apostrophe', 'which bells dont ring', 'which bells ring'],
    ['in a prefix', 'Is it legal to fish there?', 'Is it illegal to fish there?'],
    ['in an opposite of no list', 'Is the bridge safe?', 'Is the bridge unsafe?'],
    ['in what one may', 'What is allowed on board?', 'What is forbidden on board?'],
    ['in the name of a function', 'What does the function strcpy do?', 'What does the function strcmp do?'],
    ['in a French month', 'Que sème-t-on en janvier ?', 'Que sème-t-on en février ?'],
    ['in a French number', 'Quelles deux cloches sonnent ?', 'Quelles trois cloches sonnent ?'],
    ['in a French negation', 'Pourquoi la cloche sonne-t-elle ?', 'Pourquoi la cloche ne sonne-t-elle pas ?'],
    ['in a German month', 'Was sät man im Januar?', 'Was sät man im Februar?'],
    ['in a German negation', 'Welche Glocken läuten?', 'Welche Glocken läuten nicht?'],
    ['in a Spanish month', '¿Qué se siembra en enero?', '¿Qué se siembra en febrero?'],
    ['in a Spanish negation', '¿Por qué suena la campana?', '¿Por qué no suena la campana?'],
    ['in an Italian number', 'Quali due campane suonano?', 'Quali tre campane suonano?'],
    ['in an Italian negation', 'Perché la campana suona?', 'Perché la campana non suona?'],
    ['in a Portuguese month', 'O que se semeia em janeiro?', 'O que se semeia em fevereiro?'],
    ['in a Portuguese negation', 'Por que o sino toca?', 'Por que o sino não toca?'],
    ['in a Dutch month', 'Wat zaait men in januari?', 'Wat zaait men in februari?'],
    ['in a Dutch negation', 'Waarom luidt de klok?', 'Waarom luidt de klok niet?'],
    ['in a Russian number', 'Какие два колокола звонят?', 'Какие три колокола звонят?'],
    ['in a Russian negation', 'Почему колокол звонит?', 'Почему колокол не звонит?'],
    ['in the tense', 'Who owns the lighthouse?', 'Who owned the lighthouse?'],
    ['in the tense of an auxiliary', 'When is the clock wound?', 'When was the clock wound?'],
    ['in the tense and the voice', 'When is the lighthouse moved?', 'When did they move the lighthouse?'],
    ['in what one may do', 'Can dogs eat onions?', 'Should dogs eat onions?'],
    ['in what is asked of somebody', 'What is Anna?', 'What does Anna do?'],
    ['in who is meant', 'What did they eat?', 'What did you eat?'],
    ['in a verb that is an adjective', 'How is the wound clock?', 'How does one wind the clock?'],
    ['in a synonym', 'How does the Tower clock strike?', 'How does the Tower clock chime?'],
    ['in letters that are a word', 'What is IT used for?', 'What is it used for?'],
    ['in a name that is a word', 'Where is Turkey eaten?', 'Where is Poland eaten?'],
    ['in a power', 'What is x²?', 'What is x2?'],
    ['in a factorial', 'What is 5! in digits?', 'What is 5 in digits?'],
    ['in a language', 'What is C++?', 'What is C#?'],
    ['in the sign of a name', 'What does sort! return in Ruby?', 'What does sort return in Ruby?'],
    ['in a name that asks', 'When is empty? true of a list?', 'When is empty true of a list?'],
    ['in a German fraction', 'Was wiegen 1,250 kg Eisen?', 'Was wiegen 1250 kg Eisen?'],
    ['in the arguments of a call', 'What is f(1,234) here?', 'What is f(1234) here?'],
  ])('%s are two', (_, a, b) => {
    expect(mayShareAnswer(a, b)).toBe(false);
    expect(mayShareAnswer(b, a)).toBe(false);
  });

  test.each([
    ['in the voice', 'How is the clock wound?', 'How does one wind the clock?', true],
    [
      'in the voice, in the past',
      'When was the lighthouse moved?',
      'When did they move the lighthouse?',
      true,
    ],
    ['in who winds it', 'How do I wind the clock?', 'How is the clock wound?', true],
    ['in an infinitive', 'How to wind the clock', 'How do you wind the clock?', true],
    ['in a contraction', "What's the lamp made of?", 'What is the lamp made of?', true],
    ['in letter case', 'Who was the father of Alice?', 'who was the father of alice', true],
    ['in quotation marks', 'Who wrote “Storms”?', 'Who wrote Storms', true],
    ['in politeness at the end', 'Who kept the lamp, please?', 'Who kept the lamp?', true],
    ['in politeness', 'How is the clock wound?', 'Please tell me how the clock is wound.', true],
    ['in white space and punctuation', 'Who kept the north lamp?', 'Who kept the  north lamp', true],
    ['in the way that a number is grouped', 'Who owned 1,500 sheep?', 'Who owned 1500 sheep?', true],
    ['in the form of a negation', "Why doesn't the Bell ring?", 'Why does not the Bell ring?', true],
    ['in the possessive of a name', 'What was Alice’s lamp like?', 'What was the lamp of Alice like?', true],
  ])('only %s: %s | %s → %s', (_, a, b, shared) => {
    expect(mayShareAnswer(a, b)).toBe(shared);
  });
});

describe('a question of nothing but marks', () => {
  // The process that answers looks at it, so that everybody else waits.
  test.each([
    ['quotation marks', `${'"'.repeat(2_600)}ab${'"'.repeat(5_000)}x`],
    ['question marks', `${'?'.repeat(7_900)}x`],
    ['full stops', `ab${'.'.repeat(7_900)}x`],
  ])('is looked at in no time: %s', (_, text) => {
    const startedMs = performance.now();
    mayShareAnswer(text, `${text} ?`);
    // Cubic, it took a minute.
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

describe('for any two questions', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc
      .array(fc.constantFrom('Who', 'not', 'Alice', 'in', '1850', 'March', 'lamp', 'the', 'no', '%', '3.5'), {
        maxLength: 8,
      })
      .map((words) => words.join(' ')),
  );

  test('it is reflexive and symmetric', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(mayShareAnswer(a, a)).toBe(true);
        expect(mayShareAnswer(a, b)).toBe(mayShareAnswer(b, a));
      }),
    );
  });

  test('a number that is put in, taken out or changed makes another question', () => {
    fc.assert(
      fc.property(text, text, fc.nat(), fc.nat(), (before, after, one, other) => {
        const asked = `${before} ${one} ${after}`;
        expect(mayShareAnswer(asked, `${before} ${after}`)).toBe(false);
        expect(mayShareAnswer(asked, `${before} ${other} ${after}`)).toBe(one === other);
      }),
    );
  });

  test('a negation that is put in makes another question', () => {
    const negation = fc.constantFrom('not', 'never', 'without', 'no', 'neither', 'nicht', 'cannot');
    fc.assert(
      fc.property(text, text, negation, (before, after, no) => {
        expect(mayShareAnswer(`${before} ${no} ${after}`, `${before} ${after}`)).toBe(false);
      }),
    );
  });

  test('a name that is changed makes another question', () => {
    const name = fc.constantFrom('Alice', 'Bertha', 'Ørsted', 'Łódź', 'McKay', 'NASA', 'O’Hara');
    fc.assert(
      fc.property(text, text, name, name, (before, after, one, other) => {
        expect(mayShareAnswer(`${before} ${one} ${after}`, `${before} ${other} ${after}`)).toBe(
          one === other,
        );
      }),
    );
  });
});
