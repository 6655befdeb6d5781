/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a VM's guest-physical pages to the files that hold its RAM.
 */
#ifndef AEROSTAT_GPA_H
#define AEROSTAT_GPA_H

#include <linux/types.h>

struct file;
struct kvm;
struct kvm_memslots;
struct mm_struct;
struct pid;

/**
 * enum aero_backing - what kind of memory a VM's RAM is
 * @AERO_BACKING_NONE: no RAM seen
 * @AERO_BACKING_SHARED: shared shmem or hugetlb file: holes can be punched
 * @AERO_BACKING_PRIVATE: private pages, of a file or anonymous: no module can free them
 * @AERO_BACKING_FOREIGN: a file of another kind; a hole would destroy its data
 * @AERO_BACKING_UFFD: registered with userfaultfd (postcopy): holes would be filled again
 */
enum aero_backing {
	AERO_BACKING_NONE,
	AERO_BACKING_SHARED,
	AERO_BACKING_PRIVATE,
	AERO_BACKING_FOREIGN,
	AERO_BACKING_UFFD,
};

/**
 * struct aero_gpa - one kvm->srcu read section
 * @kvm: the VM
 * @mm: its address space, with a reference to its users
 * @slots: memslots that stay valid until aero_gpa_leave()
 * @generation: of @slots; changes whenever a slot does
 * @srcu: index of the read section
 */
struct aero_gpa {
	struct kvm *kvm;
	struct mm_struct *mm;
	struct kvm_memslots *slots;
	u64 generation;
	int srcu;
};

/**
 * struct aero_gpa_window - guest pages that lie in one file in one piece
 * @gfn: first page
 * @nr: pages; zero in an empty window
 * @file: referenced, or NULL in an empty window
 * @offset: of @gfn in @file, bytes
 * @granule: pages that the file can free at once, 1 or those of a huge page
 * @backing: what is there, also where it is not AERO_BACKING_SHARED and the window is empty
 * @index_shift: bytes of one index of the file's page cache, as a power of two
 * @locked: the VMM has locked it (mlock): it does not want faults there
 */
struct aero_gpa_window {
	u64 gfn;
	u64 nr;
	struct file *file;
	loff_t offset;
	u64 granule;
	enum aero_backing backing;
	unsigned int index_shift;
	bool locked;
};

/**
 * struct aero_gpa_survey - a VM's RAM at one generation of its memslots
 * @size: pages that can be given
 * @granule: largest granule of any of it, pages
 * @backing: of the largest slot
 * @logged: whether KVM logs writes to that slot: the VM is being migrated out
 */
struct aero_gpa_survey {
	u64 size;
	u64 granule;
	enum aero_backing backing;
	bool logged;
};

struct kvm *aero_gpa_find_kvm(struct pid *pid, struct mm_struct *mm, unsigned long hva);
bool aero_gpa_abandoned(struct kvm *kvm);
void aero_gpa_put_kvm(struct kvm *kvm);

void aero_gpa_enter(struct aero_gpa *gpa, struct kvm *kvm, struct mm_struct *mm);
void aero_gpa_leave(struct aero_gpa *gpa);
bool aero_gpa_maps(struct aero_gpa *gpa, unsigned long hva, unsigned long size);
void aero_gpa_survey(struct aero_gpa *gpa, unsigned long channel_hva,
		     struct aero_gpa_survey *survey);
bool aero_gpa_pick(struct aero_gpa *gpa, unsigned long channel_hva, u64 random, u64 *gfn);
int aero_gpa_window(struct aero_gpa *gpa, u64 gfn, struct aero_gpa_window *window);
void aero_gpa_window_put(struct aero_gpa_window *window);

#endif /* AEROSTAT_GPA_H */
