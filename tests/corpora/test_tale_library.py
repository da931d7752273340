from helpers.corpora.tale_library import QUESTIONS, cases, tale_library


def test_no_two_tales_share_hero_and_present_and_all_fit():
    library = tale_library(40, 0, lambda text: len(text) < 900)
    assert len({(tale.world["hero"], tale.world["thing"]) for tale in library}) == 40
    assert all(len(tale.text) < 900 for tale in library)
    assert tale_library(3, 1) == tale_library(3, 1) != tale_library(3, 2)


def test_the_truth_of_a_question_stands_in_its_tale_and_the_line_names_it():
    library = tale_library(30, 0)
    asked = cases(library, 0, n_each=len(QUESTIONS))
    assert len(asked) == 30 * len(QUESTIONS)
    for case in asked:
        tale = library[case.number]
        assert case.truth in tale.text.lower()
        assert case.line.endswith(case.short)
        assert tale.world["hero"] in case.line
        assert tale.world["thing"] in case.line
