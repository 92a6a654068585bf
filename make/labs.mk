# The coursework: docs/teaching.md.
#
#   N=        the number of the lab
#   OUT=      where the student's tree goes; it must not exist, or be empty
#   FROM=     a student's tree, whose work goes on in the new one
#   LATER=1   with the solutions of later labs
#   SUBMISSION=  the student's tree to grade
N          :=
OUT        :=
FROM       :=
LATER      :=
SUBMISSION :=

# $(call given,WORD,WHAT): the goal stops, and says so, where the word is not given.
given = $(if $($(1)),,$(error make $@ needs $(1)=$(comma) $(2): docs/teaching.md))

.PHONY: lab lab-grade labs-check labs-figures labs-record gradescope

## make lab          write the tree of lab N= for students to OUT=; FROM= goes on with a student's work
lab:
	@$(call given,N,the number of the lab)$(call given,OUT,a new folder)
	@$(PYTHON) tools/lab/write.py --lab $(call quote,$(N)) --out $(call quote,$(OUT)) \
	    $(if $(FROM),--from $(call quote,$(FROM))) $(if $(LATER),--later)

## make lab-grade    grade SUBMISSION= for lab N=, hidden tests too, in a clean tree; OUT= for the results
lab-grade:
	@$(call given,N,the number of the lab)$(call given,SUBMISSION,the folder that was handed in)
	@$(PYTHON) tools/lab/staff.py --lab $(call quote,$(N)) --submission $(call quote,$(SUBMISSION)) \
	    $(if $(OUT),--out $(call quote,$(OUT)))

## make labs-check   every lab: solution, skeleton, wrong solutions and attacks, and what each earns
labs-check:
	@$(PYTHON) tools/lab/check.py $(if $(N),--lab $(call quote,$(N)))

## make labs-figures  the figures of the coursework: what there is, and what the last labs-check saw
labs-figures:
	@$(PYTHON) tools/lab/figures.py

## make labs-record  put what the last labs-check saw into labs/checked.json and docs/teaching.md
labs-record:
	@$(PYTHON) tools/lab/figures.py --record

## make gradescope   an archive for Gradescope that grades lab N=; OUT= says where it goes
gradescope:
	@$(call given,N,the number of the lab)
	@$(PYTHON) tools/lab/gradescope.py --lab $(call quote,$(N)) $(if $(OUT),--out $(call quote,$(OUT)))
