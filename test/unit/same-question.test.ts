/** Near as vectors, and yet another question: numbers, dates, names, negations and opposites decide. */
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
  ])('%s are two', (_, a, b) => {
    expect(mayShareAnswer(a, b)).toBe(false);
    expect(mayShareAnswer(b, a)).toBe(false);
  });

  test.each([
    ['in their wording', 'How is the clock wound?', 'How does one wind the clock?', false],
    ['in politeness', 'How is the clock wound?', 'Please tell me how the clock is wound.', true],
    ['in white space and punctuation', 'Who kept the north lamp?', 'Who kept the  north lamp', true],
    ['in the way that a number is grouped', 'Who owned 1,500 sheep?', 'Who owned 1500 sheep?', true],
    ['in the form of a negation', "Why doesn't the Bell ring?", 'Why does not the Bell ring?', true],
    ['in the possessive of a name', 'What was Alice’s lamp like?', 'What was the lamp of Alice like?', true],
    ['in a synonym', 'How does the Tower clock strike?', 'How does the Tower clock chime?', true],
  ])('only %s: %s | %s → %s', (_, a, b, shared) => {
    expect(mayShareAnswer(a, b)).toBe(shared);
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
